"""TEMPORARY until main has it: what names name."""

from __future__ import annotations

from collections.abc import Iterable

from chat.models import MessageName


def message_id_of(name: str) -> int:
    """The id of the message with this name; 0 for an unknown one."""
    found = MessageName.objects.filter(pk=name).values_list("message", flat=True).first()
    return found or 0


def message_ids_of(names: Iterable[str]) -> dict[str, int]:
    """The ids of the messages with these names, in one statement; unknown names are omitted."""
    found = MessageName.objects.filter(pk__in=set(names)).values_list("external_id", "message")
    return dict(found)
