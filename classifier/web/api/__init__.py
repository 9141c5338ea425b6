"""The API: endpoints, their schemas and their description."""
