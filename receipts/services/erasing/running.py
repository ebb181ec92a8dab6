"""Runs erasures: batch by batch, each in its own transaction, from where the last one stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from django.db import transaction
from django.utils import timezone

from chat.models import Erasure, FreedName, digests_of
from receipts.services.bounded import time_budget
from receipts.services.erasing.batch import Step
from receipts.services.erasing.conversation_steps import CONVERSATION_STEPS
from receipts.services.erasing.user_steps import USER_STEPS


def run_erasure(erasure: Erasure, go_on: Callable[[], bool] | None = None) -> bool:
    """Do batches of an erasure for as long as ``go_on``; return whether it is finished.

    By default for as long as a call over all conversations may take (rule 8). Concurrent calls take
    turns, batch by batch.
    """
    go_on = go_on or time_budget()
    while not _batch(erasure.pk):
        if not go_on():
            return False
    return True


def pending_erasures() -> Iterator[Erasure]:
    """All unfinished erasures, the oldest first."""
    yield from Erasure.objects.filter(finished_at=None).order_by("pk")


def steps_of(erasure: Erasure) -> dict[str, Step]:
    """The steps of an erasure by name, in their order."""
    return USER_STEPS if erasure.user_id is not None else CONVERSATION_STEPS


@transaction.atomic
def _batch(pk: int) -> bool:
    """Do one batch; return whether the erasure is finished."""
    # Locked before all other rows (rule 22), and by erasures only.
    erasure = Erasure.objects.select_for_update(no_key=True).get(pk=pk)
    if erasure.finished_at is not None:
        return True
    steps = steps_of(erasure)
    position = steps[erasure.step](erasure)
    following = list(steps)
    if position is None:
        following = following[following.index(erasure.step) + 1 :]
        if not following:
            return _finish(erasure)
        erasure.step = following[0]
    erasure.position = position
    erasure.save(update_fields=["step", "position"])
    return False


def _finish(erasure: Erasure) -> bool:
    """Record the end; from now on nothing of the erasure holds the username."""
    if erasure.username is not None:
        freed = FreedName.objects.filter(pk__in=digests_of(erasure.username))
        freed.update(is_pending=False)
    Erasure.objects.filter(pk=erasure.pk).update(
        username=None, position=None, finished_at=timezone.now()
    )
    return True
