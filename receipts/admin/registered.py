"""Imports every module that registers a model with the admin site.

Separate from the package itself, which Django imports to get the site (``receipts.admin.site``):
a model registered during that import would go to a site that Django then replaces.
"""

from receipts.admin import (
    conversations,
    groups,
    keys,
    messages,
    participants,
    statuses,
    users,
    webhooks,
)

__all__ = [
    "conversations",
    "groups",
    "keys",
    "messages",
    "participants",
    "statuses",
    "users",
    "webhooks",
]
