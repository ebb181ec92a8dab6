"""Whether a message keeps receipts and, if not, why (rules 15 and 16).

The same decision in Python, for a message that is sent, and in SQL, for an imported history; a
test compares them case by case.
"""

from __future__ import annotations

from django.conf import settings

from chat.models import MessageKind, ReceiptPolicy, Role, Tracking


def kind_of(tracking: str) -> MessageKind:
    """Whether somebody wrote a message, or the application."""
    return MessageKind.SYSTEM if tracking == Tracking.SYSTEM else MessageKind.MESSAGE


def tracking_of(*, recipients: int, policy: str, sender_role: str, requested: bool) -> Tracking:
    """From the number of recipients, the conversation's policy, and the sender's request."""
    if recipients > settings.RECEIPTS_MAX_RECIPIENTS:
        return Tracking.TOO_MANY_RECIPIENTS
    if policy == ReceiptPolicy.OFF or (
        policy == ReceiptPolicy.ADMINS and sender_role == Role.MEMBER
    ):
        return Tracking.POLICY
    return Tracking.TRACKED if requested else Tracking.NOT_REQUESTED


#: The kinds of messages without rows (rule 16).
ROWLESS = (Tracking.TOO_MANY_RECIPIENTS, Tracking.SYSTEM)
#: SQL condition: ``message`` has a row for each recipient.
HAS_ROWS_SQL = f"message.tracking NOT IN ('{ROWLESS[0].value}', '{ROWLESS[1].value}')"

#: SQL expression over the columns ``recipients``, ``receipt_policy`` and ``role`` of ``message``,
#: with the parameter ``most``. A history requests receipts for all its messages.
TRACKING_SQL = f"""
    CASE WHEN message.recipients > %(most)s THEN '{Tracking.TOO_MANY_RECIPIENTS.value}'
         WHEN message.receipt_policy = '{ReceiptPolicy.OFF.value}' THEN '{Tracking.POLICY.value}'
         WHEN message.receipt_policy = '{ReceiptPolicy.ADMINS.value}'
              AND message.role = '{Role.MEMBER.value}' THEN '{Tracking.POLICY.value}'
         ELSE '{Tracking.TRACKED.value}' END"""
