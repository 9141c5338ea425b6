"""Examples of bodies for the description of the API: written by hand where a schema says too little, else made from it."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

Schema: TypeAlias = Mapping[str, Any]  # JSON Schema, as in components.schemas of the OpenAPI document
_WRITTEN: dict[str, dict[str, Any]] = tomllib.loads(Path(__file__).with_name("examples.toml").read_text("utf-8"))
_BODIES: dict[str, Any] = _WRITTEN["bodies"]
EXAMPLE_VALUES: dict[str, str] = _WRITTEN["values"]


def example_body(name: str, components: Mapping[str, Schema]) -> Any:
    """Return an example of the body with this schema name: its required fields, if none is written by hand."""
    return _BODIES[name] if name in _BODIES else _made({"$ref": f"#/{name}"}, components)


def _made(schema: Schema, components: Mapping[str, Schema], field: str = "") -> Any:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return example_body(name, components) if name in _BODIES else _made(components[name], components, field)
    if field in EXAMPLE_VALUES and schema.get("type") == "string" and "enum" not in schema:
        return EXAMPLE_VALUES[field]
    for known in ("const", "default"):
        if known in schema:
            return schema[known]
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return _made(schema["anyOf"][0], components, field)
    match schema.get("type"):
        case "object":
            required = schema.get("required", ())
            return {
                name: _made(part, components, name)
                for name, part in schema.get("properties", {}).items()
                if name in required
            }
        case "array":
            return [_made(schema["items"], components, field.removesuffix("s"))]
        case "string":
            return EXAMPLE_VALUES.get(field, "text")
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
        case _:
            return None
