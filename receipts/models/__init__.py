"""Receipts as stored: rows, events, webhooks, devices, tickets, insights, and imports' words."""

from receipts.models.device import DevicePosition
from receipts.models.event import ACCOUNT_CLOSED, EventHorizon, EventKind, ReceiptEvent
from receipts.models.history import HistoryMember, HistoryPosition, HistoryStay
from receipts.models.insights import (
    InsightsChange,
    InsightsDay,
    InsightsHorizon,
    InsightsPart,
)
from receipts.models.status import MessageStatus
from receipts.models.ticket import StreamTicket
from receipts.models.webhook import WebhookEndpoint

__all__ = [
    "ACCOUNT_CLOSED",
    "DevicePosition",
    "EventHorizon",
    "EventKind",
    "HistoryMember",
    "HistoryPosition",
    "HistoryStay",
    "InsightsChange",
    "InsightsDay",
    "InsightsHorizon",
    "InsightsPart",
    "MessageStatus",
    "ReceiptEvent",
    "StreamTicket",
    "WebhookEndpoint",
]
