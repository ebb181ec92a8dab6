"""What receipts are stored in: a row for each recipient of a message, and the events they make."""

from receipts.models.event import EventHorizon, EventKind, ReceiptEvent
from receipts.models.status import MessageStatus
from receipts.models.webhook import WebhookEndpoint

__all__ = ["EventHorizon", "EventKind", "MessageStatus", "ReceiptEvent", "WebhookEndpoint"]
