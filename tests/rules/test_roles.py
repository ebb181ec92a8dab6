"""Who may change what: owners, admins, members; mutes, bans, deactivated accounts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from chat.models import Conversation, ConversationParticipant, Role, User
from receipts import services


@pytest.fixture
def people(
    api: Any, group: Conversation, alice: User, bob: User, carol: User, service_key: str
) -> dict[str, Any]:
    """In the group: its owner, two admins, two members; and a service account."""
    ConversationParticipant.objects.filter(user__in=[bob, carol]).update(role=Role.ADMIN)
    callers = {"owner": api(alice), "admin": api(bob), "other_admin": api(carol)}
    for name in ("member", "other_member"):
        user = User.objects.create_user(name)
        services.add_participant(conversation_id=group.pk, user=user)
        callers[name] = api(user)
    return callers | {"service": api(service_key)}


NAMES = {"owner": "alice", "admin": "bob", "other_admin": "carol"}


@pytest.fixture
def change(people: dict[str, Any], group: Conversation) -> Callable[..., int]:
    """``change(who, whom, role="admin")``: the response's status; without fields it removes."""

    def changing(who: str, whom: str, **fields: Any) -> int:
        path = f"/api/v1/conversations/{group.pk}/participants/{NAMES.get(whom, whom)}/"
        call = people[who].client
        answer = call.patch(path, fields, format="json") if fields else call.delete(path)
        return int(answer.status_code)

    return changing


def role_of(whom: str) -> str:
    return ConversationParticipant.objects.get(user__username=NAMES.get(whom, whom)).role


@pytest.mark.parametrize("role", ["owner", "admin"])
@pytest.mark.parametrize(
    ("who", "status"), [("owner", 200), ("service", 200), ("admin", 403), ("member", 403)]
)
def test_only_the_owner_gives_roles(change: Any, who: str, status: int, role: str) -> None:
    """So does a service account, which acts for any user."""
    assert change(who, "other_member", role=role) == status
    assert role_of("other_member") == (role if status == 200 else "member")


@pytest.mark.parametrize(("who", "status"), [("owner", 201), ("service", 201), ("admin", 403)])
def test_only_the_owner_adds_somebody_with_a_role(
    people: dict[str, Any], group: Conversation, dave: User, who: str, status: int
) -> None:
    """Nobody can get around the rule by adding instead of changing."""
    path = f"/conversations/{group.pk}/participants/"
    people[who].post(path, {"user": "dave", "role": "admin"}, status=status)
    people["admin"].post(path, {"user": "dave"}, status=200 if status == 201 else 201)


def test_only_the_owner_takes_roles_away(change: Any) -> None:
    assert [change(who, "other_admin", role="member") for who in ("admin", "member")] == [403] * 2
    assert (change("owner", "other_admin", role="member"), role_of("other_admin")) == (
        200,
        "member",
    )


@pytest.mark.parametrize(
    "fields", [{"muted": True}, {"banned": True}, {}], ids=["mute", "ban", "remove"]
)
def test_an_admin_manages_members_and_nobody_else(change: Any, fields: dict[str, Any]) -> None:
    """Admins manage members only, not admins or the owner; members manage nobody."""
    assert [change("admin", whom, **fields) for whom in ("owner", "other_admin")] == [403, 403]
    assert [change("member", whom, **fields) for whom in ("other_member", "admin")] == [403, 403]
    assert change("admin", "member", **fields) == (200 if fields else 204)


def test_nobody_raises_their_own_role(change: Any) -> None:
    assert [change("member", "member", role=role) for role in ("admin", "owner")] == [403, 403]
    assert (change("admin", "admin", role="owner"), role_of("admin")) == (403, "admin")


def test_everybody_may_leave(change: Any) -> None:
    """Whatever their role."""
    assert [change(who, who) for who in ("member", "admin", "owner")] == [204] * 3


def test_an_owner_hands_the_group_over(change: Any, people: Any, group: Conversation) -> None:
    """An owner gives the role to another member, is one of two owners, and steps down."""
    assert change("owner", "admin", role="owner") == 200
    assert (role_of("owner"), role_of("admin")) == ("owner", "owner")
    assert change("owner", "owner", role="member") == 200
    assert change("owner", "member", muted=True) == 403
    people["owner"].patch(f"/conversations/{group.pk}/", {"title": "Mine"}, status=403)
    assert change("admin", "other_admin", role="member") == 200


def test_an_owner_may_be_put_down_by_another_owner(change: Any) -> None:
    """Owners are equal: only an owner can manage an owner."""
    change("owner", "admin", role="owner")
    assert change("other_admin", "admin", role="member") == 403
    assert (change("admin", "owner", role="member"), role_of("owner")) == (200, "member")


def test_who_comes_back_comes_back_as_a_member(
    change: Any, people: dict[str, Any], group: Conversation
) -> None:
    """Rule 2: the role starts again as member, but leaving does not end a mute."""
    change("owner", "admin", muted=True)
    change("admin", "admin")
    path = f"/conversations/{group.pk}/participants/"
    back = people["other_admin"].post(path, {"user": "bob"}, status=201)
    assert (back["role"], back["muted"]) == ("member", True)


def test_adding_who_is_there_changes_no_role(people: dict[str, Any], group: Conversation) -> None:
    """A repeated request changes nothing; PATCH changes roles."""
    path = f"/conversations/{group.pk}/participants/"
    for body in ({"user": "bob"}, {"user": "bob", "role": "owner"}):
        assert people["owner"].post(path, body)["role"] == "admin"


def test_a_muted_owner_manages_and_does_not_write(
    change: Any, people: dict[str, Any], group: Conversation
) -> None:
    """Decision 0007: a mute prevents writing only. An owner can only be muted by an owner."""
    change("owner", "admin", role="owner")
    assert change("admin", "owner", muted=True) == 200
    path = f"/conversations/{group.pk}/messages/"
    assert people["owner"].post(path, {"body": "no"}, status=403)["code"] == "muted"
    assert change("owner", "member", muted=True) == 200


@pytest.mark.parametrize("who", ["member", "admin"])
def test_nobody_below_an_owner_ends_their_own_mute(change: Any, who: str) -> None:
    """Only those who manage them can end it."""
    change("owner", who, muted=True)
    assert change(who, who, muted=False) == 403


def test_nobody_ends_their_own_ban(
    change: Any, people: dict[str, Any], group: Conversation
) -> None:
    """Decision 0007: a banned user does not see the group; only owners end an admin's ban."""
    for whom in ("member", "admin"):
        change("owner", whom, banned=True)
        assert change(whom, whom, banned=False) == 404
    assert change("other_admin", "member", banned=False) == 200
    assert change("other_admin", "admin", banned=False) == 403
    people["member"].get(f"/conversations/{group.pk}/", status=404)


def test_who_is_switched_off_is_not_let_in(
    api: Any, people: dict[str, Any], group: Conversation
) -> None:
    """Rule 2: neither with the present token nor with a new one; after reactivation both work."""
    service, member = people["service"], people["member"]
    service.patch("/users/member/", {"is_active": False})
    for path in ("/me/", "/conversations/", f"/conversations/{group.pk}/"):
        member.get(path, status=401)
    assert list(service.post("/users/member/tokens/", {}, status=400)) == ["username"]
    service.patch("/users/member/", {"is_active": True})
    member.get(f"/conversations/{group.pk}/")


def test_a_moderator_who_is_switched_off_is_signed_out(people: Any, moderator: User) -> None:
    """Sessions, too, are for active accounts only."""
    client = Client()
    client.force_login(moderator)
    assert client.get("/api/v1/users/").status_code == 200
    services.deactivate_user(user=moderator)
    assert client.get("/api/v1/users/").status_code in (401, 403)
