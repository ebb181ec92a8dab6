"""The operations of the API, read from the schema that the service serves."""

from __future__ import annotations

import schemathesis

from config.wsgi import application

SCHEMA = schemathesis.openapi.from_wsgi("/api/v1/schema/", application)
#: By method and path, such as ``GET /api/v1/me/``.
OPERATIONS = {each.ok().label: each.ok() for each in SCHEMA.get_all_operations()}
