"""Whether a message keeps receipts and, if not, why (rules 15 and 16).

The same decision in Python, for a message that is sent, and in SQL, for an imported history; a
test compares them case by case. Only a message that is sent is tracked by position.
"""

from __future__ import annotations

from django.conf import settings

from chat.models import MessageKind, ReceiptPolicy, Role, Tracking


def kind_of(tracking: str) -> MessageKind:
    """Whether somebody wrote a message, or the application."""
    return MessageKind.SYSTEM if tracking == Tracking.SYSTEM else MessageKind.MESSAGE


def tracking_of(
    *, recipients: int, policy: str, sender_role: str, requested: bool, is_reply: bool = False
) -> Tracking:
    """From the number of recipients, the conversation's policy, and the sender's request.

    A position says how far somebody has come in the main line, and nothing of replies. With too
    many recipients there are no rows; without receipts the answer then says only that, since the
    reasons of rule 15 mean rows that count as unread.
    """
    is_large = is_large_group(recipients)
    if policy == ReceiptPolicy.OFF or (
        policy == ReceiptPolicy.ADMINS and sender_role == Role.MEMBER
    ):
        return Tracking.TOO_MANY_RECIPIENTS if is_large else Tracking.POLICY
    if not requested or (is_large and is_reply):
        return Tracking.TOO_MANY_RECIPIENTS if is_large else Tracking.NOT_REQUESTED
    return Tracking.BY_POSITION if is_large else Tracking.TRACKED


def is_large_group(recipients: int) -> bool:
    """Whether a message has more recipients than rows are written for (rule 16)."""
    return recipients > int(settings.RECEIPTS_MAX_RECIPIENTS)


#: How a message's receipts are kept, if they are.
RECEIPTS_BY = {Tracking.TRACKED.value: "rows", Tracking.BY_POSITION.value: "position"}

#: The kinds of messages without rows (rule 16).
ROWLESS = (Tracking.TOO_MANY_RECIPIENTS, Tracking.SYSTEM, Tracking.BY_POSITION)
#: SQL condition: ``message`` has a row for each recipient.
HAS_ROWS_SQL = "message.tracking NOT IN ({})".format(
    ", ".join(f"'{kind.value}'" for kind in ROWLESS)
)

#: SQL condition: the counts of ``message`` are those of its rows.
BY_ROWS_SQL = f"message.tracking <> '{Tracking.BY_POSITION.value}'"

#: SQL expression over the columns ``recipients``, ``receipt_policy`` and ``role`` of ``message``,
#: with the parameter ``most``. A history requests receipts for all its messages.
TRACKING_SQL = f"""
    CASE WHEN message.recipients > %(most)s THEN '{Tracking.TOO_MANY_RECIPIENTS.value}'
         WHEN message.receipt_policy = '{ReceiptPolicy.OFF.value}' THEN '{Tracking.POLICY.value}'
         WHEN message.receipt_policy = '{ReceiptPolicy.ADMINS.value}'
              AND message.role = '{Role.MEMBER.value}' THEN '{Tracking.POLICY.value}'
         ELSE '{Tracking.TRACKED.value}' END"""
