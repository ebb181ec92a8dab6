"""The version of this service; `pyproject.toml` and the OpenAPI document take it from here."""

VERSION = "1.0.0"
