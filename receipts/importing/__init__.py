"""Import a history from another system: newline-delimited JSON, one record per line.

The file is read once, into temporary tables; every later step is SQL over those tables, in slices
of a limited number of rows, one transaction per slice. So records may come in any order, memory
use is constant, live traffic is never blocked for long, and an unreadable file writes nothing.
Existing records are skipped: running a stopped import again completes it, and running it once
more changes nothing. It needs one database session throughout: connect to the database itself,
not through a pooler in transaction mode.

=============  =====================================================================
record         fields (``?``: may be omitted or null)
=============  =====================================================================
user           id, display_name?
conversation   id, kind?, title?
participant    conversation, user, joined_at?, left_at?, role?
message        id, conversation, sender, sent_at, body?, length?
receipt        message, user, delivered_at?, read_at? (at least one of them)
watermark      conversation, user, delivered_up_to or read_up_to, at
=============  =====================================================================

Ids are the source's own strings, and each identifies one thing. Times are Unix seconds, or ISO
8601 with a time zone; a time in the future is clamped to now. ``records`` defines each field.

* A *conversation's* messages must be in the order in which they were sent; their ids are assigned
  in that order. Its kind defaults to ``group``.
* Several *participant* records of one user mean that they left and came back: each is one stay,
  and between two stays they receive nothing (rule 2). Stored are the first ``joined_at`` and the
  end of the last stay; of two records for one stay, the one with ``left_at`` wins. Without
  ``joined_at`` a stay begins with the conversation's first message in the file. For participants
  that the file does not mention, the stored times count.
* A *message's* recipients are those with ``joined_at <= sent_at < left_at``, except its sender,
  who must take part at some time. If a user joined in the same second, and first wrote in that
  second too, the order of the lines decides which came first. ``body`` may be omitted, since
  sometimes only a ``length`` is known: the body is then empty.
* *Receipts* and *watermarks*: the earliest time wins, a read implies a delivery, and no time is
  before its message's (rules 5 and 6). A watermark covers the imported messages up to its own,
  never those that were sent here.
* A recipient who left before reading is withdrawn, after all reads of the file (rule 2).
* Existing users, conversations and participants are left unchanged. No events are published.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.utils import timezone

from receipts.importing.late import apply_late_stays
from receipts.importing.leaving import withdraw_leavers
from receipts.importing.loading import load
from receipts.importing.marking import apply_marks
from receipts.importing.participants import add_participants
from receipts.importing.people import add_conversations, add_users
from receipts.importing.report import Report
from receipts.importing.revising import revise_messages
from receipts.importing.sending import check_messages, send_messages
from receipts.importing.settling import settle_participants, stays_are_applied
from receipts.importing.staging import staging_tables
from receipts.importing.stays import derive_stays
from receipts.importing.watermarks import import_watermarks, release

__all__ = ["Report", "import_history"]


def import_history(
    lines: Iterable[bytes], report: Report, *, batch_size: int, assume_seen: bool = False
) -> None:
    """Import the records of ``lines``, in transactions of about ``batch_size`` rows each.

    ``assume_seen``: everybody has seen the messages of the conversations that the records name,
    which no receipt tells.
    """
    now = timezone.now()
    with staging_tables():
        load(lines, report, now)
        add_users(report, batch_size)
        add_conversations(report, batch_size)
        add_participants(report, batch_size, now)
        check_messages(report)
        derive_stays()
        apply_late_stays(report, batch_size)
        send_messages(report, batch_size)
        revise_messages(report, batch_size)
        apply_marks(report, batch_size, assume_seen=assume_seen)
        import_watermarks(report, batch_size)
        settle_participants(report, batch_size)
        withdraw_leavers(report, batch_size, now)
        release(batch_size)
        stays_are_applied()
