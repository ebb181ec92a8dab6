"""Stage the records of all lines, and skip records that contradict the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from receipts.importing.records import parse
from receipts.importing.report import Report
from receipts.importing.staging import RECORD_COLUMNS, add_indexes, insert
from receipts.importing.values import BadRecord
from receipts.sql.run import execute, fetch_rows
from receipts.upkeep.progress import followed

#: Records are inserted after this many lines, or bytes of them.
_LINES, _BYTES = 2_000, 1_000_000

_INDEXES = {
    "user": ("id, line",),
    "conversation": ("id, line",),
    "participant": ("conversation, username",),
    "message": ("id, line", "conversation, username, sent_at"),
    "receipt": ("message",),
    "watermark": ("conversation, username",),
    "seen": ("conversation, username",),
}


def load(lines: Iterable[bytes], report: Report, now: datetime) -> None:
    """Check each line and stage its record; no other table is changed yet."""
    waiting: dict[str, list[tuple[Any, ...]]] = {kind: [] for kind in RECORD_COLUMNS}
    count = size = 0
    for number, line in enumerate(followed(lines, "lines"), start=1):
        if line.isspace():
            continue
        try:
            kind, record = parse(line, now)
        except BadRecord as error:
            report.skip(number, str(error))
            continue
        waiting[kind].append((number, *_row(kind, record)))
        count, size = count + 1, size + len(line)
        if count >= _LINES or size >= _BYTES:
            _store(waiting)
            count = size = 0
    _store(waiting)
    for kind, columns in _INDEXES.items():
        add_indexes(f"import_{kind}", *columns)


def refuse(
    report: Report,
    kind: str,
    where: str,
    reason: str,
    params: Mapping[str, object] | None = None,
) -> None:
    """Skip the records that match ``where``; ``reason`` is an SQL expression for the message.

    Both refer to the table as ``record``.
    """
    told = fetch_rows(
        f"SELECT line, {reason} FROM import_{kind} AS record WHERE {where}"
        f" ORDER BY line LIMIT {report.room}",
        params,
    )
    for line, why in told:
        report.skip(line, why)
    skipped = execute(f"DELETE FROM import_{kind} AS record WHERE {where}", params)
    report.skipped += skipped - len(told)


def _row(kind: str, record: dict[str, Any]) -> tuple[Any, ...]:
    """A record as a row of its table; a watermark becomes times of its message."""
    record["username"] = record.get("sender") or record.get("user")
    if kind == "watermark":
        record["message"] = record["read_up_to"] or record["delivered_up_to"]
        record["delivered_at"] = record["at"]
        record["read_at"] = record["at"] if record["read_up_to"] else None
    elif kind == "seen":
        record["message"] = record["up_to"]
    return tuple(record[name] for name in RECORD_COLUMNS[kind])


def _store(waiting: dict[str, list[tuple[Any, ...]]]) -> None:
    """Insert the collected records, each type into its table."""
    for kind, records in waiting.items():
        if records:
            insert(f"import_{kind}", records)
            records.clear()
