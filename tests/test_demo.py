"""The small lively world of the demo."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from chat.models import Message, OverallStatus, User
from receipts.demo import PEOPLE, load_world


def test_the_world_is_lively(db: None) -> None:
    """Every overall status can be looked at."""
    assert load_world()
    assert set(Message.objects.values_list("overall_status", flat=True)) == set(OverallStatus)
    assert User.objects.count() == len(PEOPLE)


def test_loading_it_again_adds_nothing(db: None) -> None:
    load_world()
    messages = Message.objects.count()
    assert load_world()
    assert Message.objects.count() == messages


def test_a_database_with_other_people_is_left_as_it_is(db: None, alice: User) -> None:
    assert not load_world()
    assert not Message.objects.exists()


def test_the_demo_refuses_to_run_in_production(db: None, settings: object) -> None:
    settings.DEMO = False  # type: ignore[attr-defined]
    with pytest.raises(CommandError, match="DEMO=1"):
        call_command("demo")
