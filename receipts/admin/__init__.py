"""The admin of people, conversations, messages and receipts, as moderators use it every day.

Receipts are read-only, and a private read looks delivered here too: ``seen_at`` is never shown.
Whatever changes who counts goes by the services. No page counts a whole table: lists are turned
by the key of a row (``keyset``), and every filter of theirs is one form above them (``lists``).
"""

from receipts.admin import (
    conversations,
    groups,
    messages,
    participants,
    statuses,
    users,
    webhooks,
)

__all__ = [
    "conversations",
    "groups",
    "messages",
    "participants",
    "statuses",
    "users",
    "webhooks",
]
