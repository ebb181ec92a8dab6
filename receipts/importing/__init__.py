"""Bring in a history from another system: newline-delimited JSON, one record a line.

The file is read once, into temporary tables; from there on every step is SQL over those tables,
cut into slices of a bounded number of rows, each slice a transaction. So records may come in any
order, memory stays flat, live traffic is never held up for long, and a broken file has written
nothing. What is there already is passed over: a run that was stopped is completed by running it
again, and running it again once more changes nothing. It needs one database session for its whole
length: past a pooler that hands out transactions, connect to the database itself.

=============  =====================================================================
record         fields (``?``: may be left out or null)
=============  =====================================================================
user           id, display_name?
conversation   id, kind?, title?
participant    conversation, user, joined_at?, left_at?, role?
message        id, conversation, sender, sent_at, body?, length?
receipt        message, user, delivered_at?, read_at? (one of them at least)
watermark      conversation, user, delivered_up_to or read_up_to, at
=============  =====================================================================

Ids are the source's own strings, and one id is one thing. Times are Unix seconds, or ISO 8601
with a zone; one in the future is held to now. ``records`` says what each field may hold.

* A *conversation's* messages stand in the file in the order in which they were sent; that order
  becomes the order of their ids. Its kind is ``group`` if the file does not say.
* Whoever has several *participant* records left and came back: each is one stay, and between two
  stays they receive nothing (rule 2). Stored are the first ``joined_at`` and the end of the last
  stay; of two records for one stay, the one with ``left_at`` says more. Without ``joined_at`` a
  stay begins with the conversation's first message in the file. For participants whom the file
  does not mention, what is stored counts.
* A *message's* recipients are those with ``joined_at <= sent_at < left_at``, less its sender, who
  must take part at some time. Where somebody joined in the very second of a message, and themselves
  first spoke in that second, the order of the messages says who came first. ``body`` may be
  missing, since only a ``length`` may be known: the body is then empty, no text is made up.
* *Receipts* and *watermarks* apply as they stand: the earliest time wins, a read implies a
  delivery, nothing is older than its message (rules 5 and 6). A watermark covers the imported
  messages up to its own, never those that were sent here.
* Whoever has left before a read is withdrawn, once all reads of the file are in (rule 2).
* Users, conversations and participants that exist are left as they are. Nobody is told of any
  of it: a history is no news.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.utils import timezone

from receipts.importing.leaving import withdraw_leavers
from receipts.importing.loading import load
from receipts.importing.marking import apply_marks
from receipts.importing.participants import add_participants
from receipts.importing.people import add_conversations, add_users
from receipts.importing.report import Report
from receipts.importing.sending import send_messages
from receipts.importing.staging import staging_tables

__all__ = ["Report", "import_history"]


def import_history(lines: Iterable[bytes], report: Report, *, batch_size: int) -> None:
    """Import the records of ``lines``, in transactions of about ``batch_size`` rows each."""
    now = timezone.now()
    with staging_tables():
        load(lines, report, now)
        add_users(report, batch_size)
        add_conversations(report, batch_size)
        add_participants(report, batch_size, now)
        send_messages(report, batch_size)
        apply_marks(report, batch_size, now)
        withdraw_leavers(report, batch_size, now)
