"""Typed NULLs: PostgreSQL cannot infer the type of a column that is NULL in every row."""

from __future__ import annotations

NULL_TIME_SQL = "CAST(NULL AS timestamptz)"
NULL_TEXT_SQL = "CAST(NULL AS varchar)"
