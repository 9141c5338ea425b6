"""What comes in and goes out, as pydantic models: they validate requests and describe both in OpenAPI."""
