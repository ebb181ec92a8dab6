"""The chat product's own data: users, conversations, participants, messages.

Nothing in this app imports ``receipts``; receipts build on it.
"""

from chat.models.conversation import (
    Conversation,
    ConversationKind,
    ConversationName,
    ConversationParticipant,
    Notifications,
    ReceiptPolicy,
    ReceiptVisibility,
    Role,
    ThreadRecipients,
)
from chat.models.departure import Departure
from chat.models.erasure import Erasure
from chat.models.joining import MessageKey
from chat.models.message import (
    Message,
    MessageKind,
    MessageName,
    MessageNumber,
    OverallStatus,
    Tracking,
)
from chat.models.naming import HELD, FreedName, digests_of, freed_among, tokens_valid_from
from chat.models.thread import Thread, ThreadFollower
from chat.models.user import (
    MODERATORS,
    UNUSABLE_PASSWORD,
    Scope,
    ServiceKey,
    User,
    every_scope,
    look_up_moderators,
    moderator_q,
)

__all__ = [
    "HELD",
    "MODERATORS",
    "UNUSABLE_PASSWORD",
    "Conversation",
    "ConversationKind",
    "ConversationName",
    "ConversationParticipant",
    "Departure",
    "Erasure",
    "FreedName",
    "Message",
    "MessageKey",
    "MessageKind",
    "MessageName",
    "MessageNumber",
    "Notifications",
    "OverallStatus",
    "ReceiptPolicy",
    "ReceiptVisibility",
    "Role",
    "Scope",
    "ServiceKey",
    "Thread",
    "ThreadFollower",
    "ThreadRecipients",
    "Tracking",
    "User",
    "digests_of",
    "every_scope",
    "freed_among",
    "look_up_moderators",
    "moderator_q",
    "tokens_valid_from",
]
