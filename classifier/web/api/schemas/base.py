"""The base class of all schemas, and the schema of a problem."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

TagText = Annotated[str, Field(min_length=1, max_length=200)]


class Strict(BaseModel):
    """A schema that takes no unknown fields, converts no types and refuses NaN."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class FieldProblem(Strict):
    """What is wrong with one field."""

    pointer: str
    detail: str


class ProblemOut(Strict):
    """A problem (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] = []
