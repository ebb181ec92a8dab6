"""All write operations, each with its locks, permission checks and transaction.

Rows are locked in one order (rule 22): users, conversations, participants, then messages and their
status rows in ``stamp``. Sending, joining and leaving lock the conversation's row, so the
recipients of a message are exactly the other participants when it is sent, and message ids grow in
commit order within a conversation. ``permissions`` defines who may do what.
"""

from receipts.services.accounts import (
    appoint_moderators,
    change_account,
    change_profile,
    create_user,
    deactivate_user,
    dismiss_moderators,
    ensure_user,
    reactivate_user,
)
from receipts.services.batch import mark_batch
from receipts.services.conversations import (
    change_conversation,
    create_conversation,
    create_once,
)
from receipts.services.deleting import delete_message, restore_message
from receipts.services.direct import direct_conversation
from receipts.services.editing import edit_message
from receipts.services.erasing.conversations import delete_conversation
from receipts.services.erasing.people import forget_user
from receipts.services.erasing.running import pending_erasures, run_erasure
from receipts.services.everywhere import mark_all_delivered, mark_all_read
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
    remove_participant,
)
from receipts.services.numbering import number_messages, number_some
from receipts.services.positions import mark_unread_from, mark_up_to
from receipts.services.retracting import retract_receipts
from receipts.services.sending import send_message
from receipts.services.single import mark_message
from receipts.services.system_lines import send_system_line
from receipts.services.threads import follow_thread

__all__ = [
    "add_participant",
    "appoint_moderators",
    "bulk_mark_delivered",
    "bulk_mark_read",
    "bulk_mark_unread",
    "change_account",
    "change_conversation",
    "change_participant",
    "change_profile",
    "create_conversation",
    "create_once",
    "create_user",
    "deactivate_user",
    "delete_conversation",
    "delete_message",
    "direct_conversation",
    "dismiss_moderators",
    "edit_message",
    "ensure_user",
    "follow_thread",
    "forget_user",
    "mark_all_delivered",
    "mark_all_read",
    "mark_batch",
    "mark_delivered",
    "mark_message",
    "mark_read",
    "mark_unread_from",
    "mark_up_to",
    "number_messages",
    "number_some",
    "pending_erasures",
    "reactivate_user",
    "remove_participant",
    "report_failure",
    "restore_message",
    "retract_receipts",
    "run_erasure",
    "send_message",
    "send_system_line",
]
