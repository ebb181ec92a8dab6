"""Contains all the data models used in inputs/outputs"""

from .acting_body import ActingBody
from .all_marked import AllMarked
from .batch_body import BatchBody
from .batch_item import BatchItem
from .batch_item_state import BatchItemState
from .batch_result import BatchResult
from .batch_result_errors import BatchResultErrors
from .batch_result_kind import BatchResultKind
from .batch_results import BatchResults
from .bulk_mark import BulkMark
from .bulk_mark_body import BulkMarkBody
from .bulk_read_body import BulkReadBody
from .conversation import Conversation
from .conversation_change import ConversationChange
from .conversation_deleted_event import ConversationDeletedEvent
from .conversation_kind import ConversationKind
from .conversation_page import ConversationPage
from .conversation_read_event import ConversationReadEvent
from .created_webhook import CreatedWebhook
from .delivery import Delivery
from .erasure_progress import ErasureProgress
from .error import Error
from .event_mark import EventMark
from .events import Events
from .everything_read_body import EverythingReadBody
from .failure_body import FailureBody
from .field_error import FieldError
from .figures import Figures
from .following import Following
from .forget_user_messages import ForgetUserMessages
from .insights import Insights
from .insights_day import InsightsDay
from .list_participants_membership_item import ListParticipantsMembershipItem
from .list_recipients_membership_item import ListRecipientsMembershipItem
from .list_recipients_state import ListRecipientsState
from .mark_body import MarkBody
from .me import Me
from .membership import Membership
from .message import Message
from .message_created_event import MessageCreatedEvent
from .message_deleted_event import MessageDeletedEvent
from .message_edited_event import MessageEditedEvent
from .message_kind import MessageKind
from .message_name import MessageName
from .message_page import MessagePage
from .message_restored_event import MessageRestoredEvent
from .message_text import MessageText
from .new_conversation import NewConversation
from .new_message import NewMessage
from .new_participant import NewParticipant
from .new_user import NewUser
from .new_webhook import NewWebhook
from .notifications import Notifications
from .overall_status import OverallStatus
from .own_receipt import OwnReceipt
from .participant import Participant
from .participant_change import ParticipantChange
from .participant_page import ParticipantPage
from .ping_event import PingEvent
from .profile_change import ProfileChange
from .read_body import ReadBody
from .receipt_policy import ReceiptPolicy
from .receipt_updated_event import ReceiptUpdatedEvent
from .receipts_by import ReceiptsBy
from .receipts_visible_to import ReceiptsVisibleTo
from .recipient import Recipient
from .recipient_page import RecipientPage
from .refused_summary import RefusedSummary
from .role import Role
from .secret_rotation import SecretRotation
from .share import Share
from .spread import Spread
from .state import State
from .summaries import Summaries
from .summary import Summary
from .summary_refusal import SummaryRefusal
from .thread_recipients import ThreadRecipients
from .ticket import Ticket
from .token import Token
from .two_members import TwoMembers
from .unmarked import Unmarked
from .unread_body import UnreadBody
from .untracked_reason import UntrackedReason
from .user import User
from .user_change import UserChange
from .user_page import UserPage
from .validation_error import ValidationError
from .webhook import Webhook
from .webhook_change import WebhookChange
from .webhook_kind import WebhookKind
from .webhook_page import WebhookPage

__all__ = (
    "ActingBody",
    "AllMarked",
    "BatchBody",
    "BatchItem",
    "BatchItemState",
    "BatchResult",
    "BatchResultErrors",
    "BatchResultKind",
    "BatchResults",
    "BulkMark",
    "BulkMarkBody",
    "BulkReadBody",
    "Conversation",
    "ConversationChange",
    "ConversationDeletedEvent",
    "ConversationKind",
    "ConversationPage",
    "ConversationReadEvent",
    "CreatedWebhook",
    "Delivery",
    "ErasureProgress",
    "Error",
    "EventMark",
    "Events",
    "EverythingReadBody",
    "FailureBody",
    "FieldError",
    "Figures",
    "Following",
    "ForgetUserMessages",
    "Insights",
    "InsightsDay",
    "ListParticipantsMembershipItem",
    "ListRecipientsMembershipItem",
    "ListRecipientsState",
    "MarkBody",
    "Me",
    "Membership",
    "Message",
    "MessageCreatedEvent",
    "MessageDeletedEvent",
    "MessageEditedEvent",
    "MessageKind",
    "MessageName",
    "MessagePage",
    "MessageRestoredEvent",
    "MessageText",
    "NewConversation",
    "NewMessage",
    "NewParticipant",
    "NewUser",
    "NewWebhook",
    "Notifications",
    "OverallStatus",
    "OwnReceipt",
    "Participant",
    "ParticipantChange",
    "ParticipantPage",
    "PingEvent",
    "ProfileChange",
    "ReadBody",
    "ReceiptPolicy",
    "ReceiptsBy",
    "ReceiptsVisibleTo",
    "ReceiptUpdatedEvent",
    "Recipient",
    "RecipientPage",
    "RefusedSummary",
    "Role",
    "SecretRotation",
    "Share",
    "Spread",
    "State",
    "Summaries",
    "Summary",
    "SummaryRefusal",
    "ThreadRecipients",
    "Ticket",
    "Token",
    "TwoMembers",
    "Unmarked",
    "UnreadBody",
    "UntrackedReason",
    "User",
    "UserChange",
    "UserPage",
    "ValidationError",
    "Webhook",
    "WebhookChange",
    "WebhookKind",
    "WebhookPage",
)
