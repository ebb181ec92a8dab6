"""A message's recipients, as its page lists them and as a file: the rules are the API's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.http import HttpRequest

from chat.models import Message
from receipts.admin.keyset import Keyset
from receipts.admin.tables import Table, asked_of, table
from receipts.api.filters import STATES, RecipientFilter
from receipts.reads.answer_types import ListedAnswer
from receipts.reads.answers import listed_recipient
from receipts.reads.selectors import recipients_of
from receipts.rules.privacy import hides_reads_from
from receipts.rules.rows import ListedRow

#: The order of the unique index on (message, recipient), as the API's.
BY_RECIPIENT = Keyset("recipient_id", key="recipient_id")
#: Rows of a file that are read at a time.
_BLOCK = 2_000


class OneOfSeveral(forms.Select):
    """A choice of one, for a field that takes several; several stay as they were asked."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        return [word for given in data.getlist(name) for word in given.split(",")]


def recipient_filter(request: HttpRequest, message: Message) -> RecipientFilter:
    """The API's filters over a message's rows, with the widgets of a page."""
    rows = recipients_of(message.pk, message.conversation_id)
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
    """The page of recipients that was asked for."""
    return table(request, recipient_filter(request, message), BY_RECIPIENT)


def listed(row: ListedRow, user: Any) -> ListedAnswer:
    """One recipient as ``user`` may see them."""
    return listed_recipient(row, reads=not hides_reads_from(user))


def all_recipients(found: RecipientFilter, user: Any) -> Iterator[ListedAnswer]:
    """Everybody whom a filter leaves, block by block, each behind the last one's id.

    No cursor stays open on the server: behind a pooler that hands out connections by transaction
    it would be another one's.
    """
    rows = found.qs.order_by("recipient_id")
    block = list(rows[:_BLOCK])
    while block:
        yield from (listed(row, user) for row in block)
        block = list(rows.filter(recipient_id__gt=block[-1]["recipient_id"])[:_BLOCK])
