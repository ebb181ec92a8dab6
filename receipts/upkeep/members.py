"""Check who is counted in large conversations, and whose positions are kept there (rule 16)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chat.models import Conversation
from receipts.ledger.members import Differences, compare_members, settle_members


@dataclass
class MemberCheck:
    """All conversations with positions, or one of them."""

    tell: Callable[[str], None]
    conversation: int | None
    fix: bool
    #: Conversations in which something differs.
    found: int = 0
    fixed: int = 0

    def run(self) -> None:
        """Compare each with its participants; settle what differs if ``fix`` is set."""
        large = Conversation.objects.present().filter(member_count__isnull=False)
        if self.conversation is not None:
            large = large.filter(pk=self.conversation)
        for pk in large.order_by("pk").values_list("pk", flat=True):
            # Compared without a lock first: what was under way then is not found again.
            if compare_members(pk) and (found := compare_members(pk)):
                self.found += 1
                self.tell(f"conversation {pk}: {_in_words(found)}")
                self.fixed += self.fix and settle_members(pk)


def _in_words(found: Differences) -> str:
    words = []
    if found.members != found.counted:
        words.append(f"member_count is {found.counted} and should be {found.members}")
    if found.without:
        words.append(f"{len(found.without)} participants have no position")
    if found.gone:
        words.append(f"{len(found.gone)} positions go on without their participants")
    return ", ".join(words)
