"""Foreign keys to messages, from rows of the same conversation."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models.expressions import Col
from django.db.models.lookups import Exact

from chat.distributed import is_distributed


class MessageKey(models.ForeignKey):
    """A foreign key to a message, which is in the conversation of the row itself.

    Where tables are distributed, joins name the conversation, too: a node joins what it has. On one
    server PostgreSQL would reckon with fewer rows than there are, so there they do not.
    """

    def get_extra_restriction(self, alias: str | None, related_alias: str | None) -> Any:
        """The condition that is added to a join; None for none."""
        if not is_distributed():
            return None
        theirs: Any = self.related_model._meta.get_field("conversation")
        ours: Any = self.model._meta.get_field("conversation")
        return Exact(Col(str(alias), theirs), Col(str(related_alias), ours))

    def deconstruct(self) -> Any:
        """For migrations it is any foreign key."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.ForeignKey", args, kwargs


class OnlyMessageKey(MessageKey, models.OneToOneField):
    """The same, of at most one row for each message."""

    def deconstruct(self) -> Any:
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.OneToOneField", args, kwargs
