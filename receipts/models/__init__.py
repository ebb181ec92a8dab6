"""Receipts as stored: a row per message and recipient, the events, and webhook endpoints."""

from receipts.models.event import EventHorizon, EventKind, ReceiptEvent
from receipts.models.status import MessageStatus
from receipts.models.webhook import WebhookEndpoint

__all__ = ["EventHorizon", "EventKind", "MessageStatus", "ReceiptEvent", "WebhookEndpoint"]
