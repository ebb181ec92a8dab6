"""The watermarks that are shown: a participant's columns, unless they are held back."""

from __future__ import annotations

from collections.abc import Iterable

from chat.models import ConversationParticipant


def show_watermarks(participants: Iterable[ConversationParticipant]) -> None:
    """Set the watermarks of these instances to those that are shown (rule 7)."""
