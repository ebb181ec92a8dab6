"""A message's recipients, on its page and as a file, under the same rules as in the API."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, cast

from django import forms
from django.http import HttpRequest

from chat.models import Message
from receipts.admin.keyset import Keyset
from receipts.admin.tables import Table, asked_of, table
from receipts.api.filters import STATES, RecipientFilter
from receipts.reads.answer_types import ListedAnswer
from receipts.reads.by_position import recipient_list
from receipts.reads.placed_answers import listed_in_any
from receipts.rules.privacy import shown_to
from receipts.rules.rows import ListedRow, MessageRow

#: The order of the unique index on (message, recipient), as in the API.
BY_RECIPIENT = Keyset("recipient_id", key="recipient_id")
#: Rows of a file read per query.
_BLOCK = 5_000


class OneOfSeveral(forms.Select):
    """A single select for a field that takes several values; several in a URL are all applied."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        return [word for given in data.getlist(name) for word in given.split(",")]


def recipient_filter(request: HttpRequest, message: Message) -> RecipientFilter:
    """The API's filters over a message's recipients, with widgets for a page."""
    columns = ("tracking", "id", "conversation_id", "sender_id")
    row = cast(MessageRow, {name: getattr(message, name) for name in columns})
    rows = recipient_list(row).queryset()
    found = RecipientFilter(asked_of(request), queryset=rows, request=request)
    fields = found.form.fields
    fields["state"].widget.choices = [("", "Any state"), *STATES]
    choices = [("", "Any membership"), *fields["membership"].choices]
    fields["membership"].widget = OneOfSeveral(choices=choices)
    fields["search"].widget.attrs["placeholder"] = "Name or username"
    for name, label in {"state": "State", "membership": "Membership", "search": "Name"}.items():
        fields[name].label, fields[name].help_text = label, ""
    return found


def recipients_table(request: HttpRequest, message: Message) -> Table:
    """The requested page of recipients."""
    return table(request, recipient_filter(request, message), BY_RECIPIENT)


def listed(rows: Iterable[ListedRow], message: Message, user: Any) -> Iterator[ListedAnswer]:
    """Recipients of a message as ``user`` may see them."""
    edited_at, shown = message.edited_at, shown_to(user)
    return (listed_in_any(row, edited_at=edited_at, to=shown) for row in rows)


def all_recipients(found: RecipientFilter, message: Message, user: Any) -> Iterator[ListedAnswer]:
    """All recipients that match a filter, in blocks, each starting after the last id.

    No server-side cursor stays open: with a pooler in transaction mode, the next fetch could go
    to another connection.
    """
    rows = found.qs.order_by("recipient_id")
    block = list(rows[:_BLOCK])
    while block:
        yield from listed(block, message, user)
        block = list(rows.filter(recipient_id__gt=block[-1]["recipient_id"])[:_BLOCK])
