"""What people do, each a verb with one transaction: send, mark, join, leave, delete.

Rows are locked in one order, whoever comes (rule 22): users, conversations, participants, then
messages and their status rows in ``stamp``. Sending, joining and leaving hold the conversation's
row, so the recipients of a message are exactly those who take part when it is sent, and message
ids grow in commit order within a conversation.
"""

from receipts.services.deleting import delete_message, restore_message
from receipts.services.marking import bulk_mark_delivered, bulk_mark_read, mark_delivered, mark_read
from receipts.services.membership import (
    add_participant,
    create_conversation,
    deactivate_user,
    reactivate_user,
    remove_participant,
)
from receipts.services.sending import send_message

__all__ = [
    "add_participant",
    "bulk_mark_delivered",
    "bulk_mark_read",
    "create_conversation",
    "deactivate_user",
    "delete_message",
    "mark_delivered",
    "mark_read",
    "reactivate_user",
    "remove_participant",
    "restore_message",
    "send_message",
]
