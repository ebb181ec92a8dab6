"""What people do, each a verb with one transaction: send, mark, join, leave, edit, delete.

Rows are locked in one order, whoever comes (rule 22): users, conversations, participants, then
messages and their status rows in ``stamp``. Sending, joining and leaving hold the conversation's
row, so the recipients of a message are exactly those who take part when it is sent, and message
ids grow in commit order within a conversation.
"""

from receipts.services.batch import mark_batch
from receipts.services.deleting import delete_message, restore_message
from receipts.services.editing import edit_message
from receipts.services.everywhere import mark_all_delivered, mark_all_read, retract_receipts
from receipts.services.marking import (
    bulk_mark_delivered,
    bulk_mark_read,
    bulk_mark_unread,
    mark_delivered,
    mark_read,
    report_failure,
)
from receipts.services.membership import (
    add_participant,
    change_participant,
    create_conversation,
    deactivate_user,
    hold,
    reactivate_user,
    remove_participant,
)
from receipts.services.positions import mark_unread_from, mark_up_to
from receipts.services.sending import send_message

__all__ = [
    "add_participant",
    "bulk_mark_delivered",
    "bulk_mark_read",
    "bulk_mark_unread",
    "change_participant",
    "create_conversation",
    "deactivate_user",
    "delete_message",
    "edit_message",
    "hold",
    "mark_all_delivered",
    "mark_all_read",
    "mark_batch",
    "mark_delivered",
    "mark_read",
    "mark_unread_from",
    "mark_up_to",
    "reactivate_user",
    "remove_participant",
    "report_failure",
    "restore_message",
    "retract_receipts",
    "send_message",
]
