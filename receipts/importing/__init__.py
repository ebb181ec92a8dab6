"""Import a history from another system: newline-delimited JSON, one record per line.

The file is read once, into temporary tables; every later step is SQL over those tables, in slices
of a limited number of rows, one transaction per slice. So memory use is constant, live traffic is
never blocked for long, and an unreadable file writes nothing. Running a stopped import again
completes it, and running it once more changes nothing. It needs one database session throughout,
and refuses a connection through a pooler (``NeedsOwnSession``).

Lines may come in any order, and in any number of files, imported in any order: the result is that
of one sorted file (docs/decisions/0018). What names something that is not there yet is refused;
it is taken when its file is imported again after the other.

=============  =====================================================================
record         fields (``?``: may be omitted or null)
=============  =====================================================================
user           id, display_name?
conversation   id, kind?, title?
participant    conversation, user, joined_at?, left_at?, role?
message        id, conversation, sender, sent_at, body?, length?, edited_at?,
               deleted_at?, kind?, activity?, thread?
receipt        message, user, delivered_at?, read_at?, private?, content?,
               failed_at?, reason? (at least one of the times)
watermark      conversation, user, delivered_up_to or read_up_to, at, private?
seen           conversation, user, up_to?
=============  =====================================================================

Ids are the source's own strings, of up to 255 characters, and each identifies one thing; they are
stored as they are. A message's id is its ``external_id``. One that belongs to a message that was
sent here is refused, wherever it is named: what a history says changes imported messages only.
Times are Unix seconds, or ISO
8601 with a time zone; a time in the future is clamped to now, but a message's ``sent_at`` is
refused. ``records`` defines each field.

* A *conversation's* messages stand by ``sent_at``, those of the same time by the length of their
  ids, then by the ids (numbers by number). Its kind defaults to ``group``. A direct one becomes
  the one direct conversation of its two people, if they have none yet; else it stays besides that.
* Several *participant* records of one user mean that they left and came back: each is one stay,
  and between two stays they receive nothing (rule 2). Stored are the first ``joined_at`` and the
  end of the last stay; of two records for one stay, the one with the last ``left_at`` wins. Without
  ``joined_at`` a stay begins with the conversation's first imported message. For participants
  that no file mentions, or who joined here, the stored times count.
* A *message's* recipients are those with ``joined_at <= sent_at < left_at``, except its sender,
  who must take part at some time. If a user joined at the very time of a message, and their own
  first message has that time too, the order of the messages decides which came first. ``body``
  may be omitted, since sometimes only a ``length`` is known: the body is then empty. Of several
  records of one message the last ``edited_at`` and the first ``deleted_at`` count.
* A message whose ``kind`` is ``system`` and not ``message`` is a line like "Ann joined": shown, but
  without recipients, receipts and unread counts. Its sender need not take part. It moves its
  conversation up only with ``activity`` (true or false).
* A message with a ``thread`` is a reply to the message of that id (rule 30), which may come later
  in the file, or have come with an earlier one. Replies to a reply are of its thread. All
  recipients receive them; who wrote in a thread, and who sent its root, follow it.
* *Receipts* and *watermarks*: the earliest time wins, with its privacy; a read implies a delivery,
  and no time is before its message's (rules 5 and 6). A watermark covers the imported messages up
  to its own, never those that were sent here. ``private`` reads are deliveries to everybody else
  (rule 13); without it the reader's switch decides, once. So does the switch for deliveries.
  ``content`` is an acknowledgement (rule 12), ``failed_at`` a failed delivery with its ``reason``:
  of several the latest, and of a long one 1,000 characters (rule 11).
* *Seen*: the user has seen the imported messages up to ``up_to``, or all, which nobody else is
  told: no receipt, no count, no watermark. A receipt or watermark for a row counts more.
* A recipient who left before reading is withdrawn, after all reads of the history (rule 2).
* Existing users and conversations are left unchanged. Participants as imports wrote them follow
  what later files say; one that was changed here since does not. No events are published.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.utils import timezone

from receipts.importing.copying import on_copy
from receipts.importing.late import apply_late_stays
from receipts.importing.leaving import withdraw_leavers
from receipts.importing.loading import load
from receipts.importing.marking import apply_marks
from receipts.importing.messages import check_messages
from receipts.importing.pairing import pair_conversations
from receipts.importing.participants import add_participants
from receipts.importing.people import add_conversations, add_users
from receipts.importing.report import Report
from receipts.importing.revising import revise_messages
from receipts.importing.sending import send_messages
from receipts.importing.settling import settle_participants, stays_are_applied
from receipts.importing.staging import staging_tables
from receipts.importing.stays import derive_stays
from receipts.importing.threads import attach_replies
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
        on_copy(report, lambda: _apply(report, batch_size, now, assume_seen=assume_seen))


def _apply(report: Report, batch_size: int, now: datetime, *, assume_seen: bool) -> None:
    """Everything but users and conversations, from the staged records."""
    add_participants(report, batch_size, now)
    pair_conversations(report, batch_size)
    check_messages(report)
    derive_stays()
    apply_late_stays(report, batch_size)
    send_messages(report, batch_size)
    revise_messages(report, batch_size)
    attach_replies(report, batch_size)
    apply_marks(report, batch_size, assume_seen=assume_seen)
    settle_participants(report, batch_size)
    import_watermarks(report, batch_size)
    withdraw_leavers(report, batch_size, now)
    release(batch_size)
    stays_are_applied()
