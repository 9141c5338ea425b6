"""Schemas of requests and answers: they validate requests, and the OpenAPI document is made of them."""
