"""Conditions that are true of every row, and change how PostgreSQL plans."""

from __future__ import annotations


def reckoned_few_sql(rows: str) -> str:
    """SQL condition, true of every row of ``rows``: PostgreSQL reckons with few that are found.

    By its statistics it may reckon with thousands of rows, of which one is left: it does not know
    how far somebody has read. Then it reads whole tables to change that one, and each search by key
    is as fast for ten thousand. A comparison that it knows nothing of, it takes for true of one row
    in 200.
    """
    return f"{rows}.id = {rows}.id + 0 AND {rows}.message_id = {rows}.message_id + 0"
