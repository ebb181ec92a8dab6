"""A group is never left without an owner, and a direct conversation has none to obey."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Conversation, User
from receipts import services


def roles(group: Conversation) -> dict[str, str]:
    active = group.participants.filter(is_active=True)
    return dict(active.values_list("user__username", "role"))


def test_an_owner_who_leaves_leaves_the_group_to_the_longest_standing_admin(
    api: Any, group: Conversation, alice: User, dave: User
) -> None:
    """Decision 0007."""
    services.add_participant(conversation_id=group.pk, user=dave, role="admin")
    api(alice).patch(f"/conversations/{group.pk}/participants/carol/", {"role": "admin"})
    api(alice).delete(f"/conversations/{group.pk}/participants/alice/")
    assert roles(group) == {"bob": "member", "carol": "owner", "dave": "admin"}


def test_where_there_is_no_admin_the_longest_standing_member_is_next(
    api: Any, group: Conversation, alice: User
) -> None:
    """Decision 0007."""
    api(alice).delete(f"/conversations/{group.pk}/participants/alice/")
    assert roles(group) == {"bob": "owner", "carol": "member"}


def test_one_of_two_owners_leaves_the_roles_as_they_are(
    api: Any, group: Conversation, alice: User
) -> None:
    api(alice).patch(f"/conversations/{group.pk}/participants/carol/", {"role": "owner"})
    api(alice).delete(f"/conversations/{group.pk}/participants/alice/")
    assert roles(group) == {"bob": "member", "carol": "owner"}


def test_the_last_owner_does_not_step_down(api: Any, group: Conversation, alice: User) -> None:
    """Decision 0007: gives the group another owner first."""
    path = f"/conversations/{group.pk}/participants/alice/"
    assert list(api(alice).patch(path, {"role": "member"}, status=400)) == ["role"]
    assert roles(group)["alice"] == "owner"


def test_an_admin_steps_down(api: Any, group: Conversation, alice: User, bob: User) -> None:
    """Decision 0007: nobody has to allow giving up a role of one's own."""
    path = f"/conversations/{group.pk}/participants/bob/"
    api(alice).patch(path, {"role": "admin"})
    assert api(bob).patch(path, {"role": "member"})["role"] == "member"


def test_who_has_left_is_given_no_role(api: Any, group: Conversation, alice: User) -> None:
    """Decision 0007."""
    path = f"/conversations/{group.pk}/participants/bob/"
    api(alice).delete(path)
    assert list(api(alice).patch(path, {"role": "admin"}, status=400)) == ["role"]


@pytest.mark.parametrize("change", [{"muted": True}, {"banned": True}, {"role": "admin"}])
def test_a_direct_conversation_has_no_roles_mutes_or_bans(
    api: Any, direct: Conversation, alice: User, change: dict[str, Any]
) -> None:
    """Decision 0007: neither of two people is above the other."""
    path = f"/conversations/{direct.pk}/participants/bob/"
    assert list(api(alice).patch(path, change, status=400)) == list(change)


def test_a_service_group_without_an_owner_gets_none_when_somebody_leaves(
    api: Any, bob: User, carol: User, service_key: str
) -> None:
    """A backend that made a group without an owner manages it itself."""
    group = services.create_conversation(owner=None, participants=[bob, carol], kind="group")
    api(bob).delete(f"/conversations/{group.pk}/participants/bob/")
    assert roles(group) == {"carol": "member"}
