"""Receipts as stored: rows, positions, events, webhooks, devices, insights, imports' words."""

from receipts.models.device import DevicePosition
from receipts.models.event import ACCOUNT_CLOSED, EventHorizon, EventKind, ReceiptEvent
from receipts.models.history import HistoryMember, HistoryPosition, HistoryStay
from receipts.models.insights import (
    InsightsChange,
    InsightsConversationDay,
    InsightsDay,
    InsightsHorizon,
    InsightsPart,
    InsightsSenderDay,
)
from receipts.models.member_position import Ended, MemberPosition, PrivateStretch, StretchKind
from receipts.models.status import MessageStatus
from receipts.models.ticket import StreamTicket
from receipts.models.webhook import WebhookEndpoint

__all__ = [
    "ACCOUNT_CLOSED",
    "DevicePosition",
    "Ended",
    "EventHorizon",
    "EventKind",
    "HistoryMember",
    "HistoryPosition",
    "HistoryStay",
    "InsightsChange",
    "InsightsConversationDay",
    "InsightsDay",
    "InsightsHorizon",
    "InsightsPart",
    "InsightsSenderDay",
    "MemberPosition",
    "MessageStatus",
    "PrivateStretch",
    "ReceiptEvent",
    "StreamTicket",
    "StretchKind",
    "WebhookEndpoint",
]
