"""Notifications of a conversation, on or off (rule 27): a user's own wish."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chat.models import Conversation, ConversationParticipant, User
from receipts import services
from tests.support.cast import say

OFF, ON = {"notifications": "off"}, {"notifications": "on"}


def of(chat: Conversation, who: str = "bob") -> str:
    return f"/conversations/{chat.pk}/participants/{who}/"


def wish(user: User, chat: Conversation) -> bool:
    own = ConversationParticipant.objects.get(user=user, conversation=chat)
    return own.notifications_enabled


@pytest.mark.parametrize("kind", ["group", "direct"])
def test_a_user_switches_them_off_and_on(
    api: Any, group: Conversation, direct: Conversation, bob: User, kind: str
) -> None:
    """It is not the moderators' mute: bob may write."""
    chat = {"group": group, "direct": direct}[kind]
    assert api(bob).get(of(chat))["notifications"] == "on"
    changed = api(bob).patch(of(chat), OFF)
    assert (changed["notifications"], changed["muted"]) == ("off", False)
    assert api(bob).patch(of(chat), OFF)["notifications"] == "off"
    api(bob).post(f"/conversations/{chat.pk}/messages/", {"body": "hello"}, 201)
    assert api(bob).patch(of(chat), ON)["notifications"] == "on"


def test_their_own_lists_and_pages_say_so(
    api: Any, group: Conversation, direct: Conversation, bob: User
) -> None:
    api(bob).patch(of(group), OFF)
    listed = api(bob).get("/conversations/")["results"]
    assert {each["id"]: each["notifications"] for each in listed} == {
        group.pk: "off", direct.pk: "on",
    }  # fmt: skip
    assert api(bob).get(f"/conversations/{group.pk}/")["notifications"] == "off"
    assert api(bob)("PUT", "/conversations/by-members/", {"members": ["alice"]})[
        "notifications"
    ] == "on"  # fmt: skip
    people = api(bob).get(f"/conversations/{group.pk}/participants/")["results"]
    assert {each["user"]: each["notifications"] for each in people} == {
        "alice": None, "bob": "off", "carol": None,
    }  # fmt: skip


def test_nobody_else_sees_them(
    api: Any, group: Conversation, alice: User, carol: User, bob: User, moderator: User
) -> None:
    """Everything that others are told is the same before and after."""

    def told() -> str:
        people = [
            (api(who).get(of(group)), api(who).get(f"/conversations/{group.pk}/participants/"))
            for who in (alice, carol, moderator)
        ]
        lists = [api(who).get("/conversations/") for who in (alice, carol, moderator)]
        return json.dumps([people, lists, api(alice).get("/me/")], sort_keys=True)

    say(alice, group)
    before = told()
    assert api(moderator).get(f"/conversations/{group.pk}/")["notifications"] is None
    api(bob).patch(of(group), OFF)
    assert told() == before


def test_nobody_else_sets_them(
    api: Any, group: Conversation, alice: User, carol: User, moderator: User, bob: User
) -> None:
    """The owner neither, who may mute him in the other sense."""
    for who in (alice, carol, moderator):
        assert api(who).patch(of(group), OFF, 403)["code"] == "permission_denied"
    assert wish(bob, group)
    assert api(alice).patch(of(group), {"muted": True})["muted"] is True


def test_a_service_sees_and_sets_them_for_the_user(
    api: Any, group: Conversation, bob: User, service_key: str
) -> None:
    """It sends the notifications, so it must know."""
    backend = api(service_key)
    assert backend.patch(of(group), OFF)["notifications"] == "off"
    people = backend.get(f"/conversations/{group.pk}/participants/")["results"]
    assert {each["user"]: each["notifications"] for each in people} == {
        "alice": "on", "bob": "off", "carol": "on",
    }  # fmt: skip
    assert backend.get(f"/conversations/{group.pk}/")["notifications"] is None
    assert api(bob).get("/me/")["username"] == "bob"


def test_each_field_keeps_its_own_rule(
    api: Any, group: Conversation, direct: Conversation, alice: User, bob: User, service_key: str
) -> None:
    """Of a request that may not do all of it nothing is done."""
    services.change_participant(by=alice, conversation_id=group.pk, user=bob, role="admin")
    api(alice).patch(of(group), {**OFF, "muted": True}, 403)
    api(bob).patch(of(group), {**OFF, "role": "owner"}, 403)
    api(bob).patch(of(group), {**OFF, "banned": True}, 403)
    assert wish(bob, group)
    stepped = api(bob).patch(of(group), {**OFF, "role": "member"})
    assert (stepped["role"], stepped["notifications"]) == ("member", "off")
    assert set(api(bob).patch(of(direct), {**OFF, "role": "member"}, 400)) == {"role"}
    assert wish(bob, direct)
    both = api(service_key).patch(of(group), {**ON, "muted": True})
    assert (both["notifications"], both["muted"]) == ("on", True)


@pytest.mark.parametrize("value", ["", "mute", True, None, 1])
def test_other_values_are_refused(api: Any, group: Conversation, bob: User, value: Any) -> None:
    assert set(api(bob).patch(of(group), {"notifications": value}, 400)) == {"notifications"}


def test_who_has_left_changes_nothing_and_comes_back_as_they_were(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """A wish is kept: being added again by somebody else does not undo it."""
    api(bob).patch(of(group), OFF)
    api(bob).delete(of(group))
    api(bob).patch(of(group), ON, 404)
    api(alice).post(f"/conversations/{group.pk}/participants/", {"user": "bob"}, 201)
    assert api(bob).get(of(group))["notifications"] == "off"


class TestCounts:
    """``unread_count_unmuted``, beside ``unread_count``."""

    def test_muted_conversations_are_left_out(
        self, api: Any, group: Conversation, direct: Conversation, alice: User, bob: User
    ) -> None:
        for chat in (group, group, direct):
            say(alice, chat)
        assert self.counts(api, bob) == (3, 3)
        api(bob).patch(of(group), OFF)
        assert self.counts(api, bob) == (3, 1)
        api(bob).patch(of(direct), OFF)
        assert self.counts(api, bob) == (3, 0)
        api(bob).patch(of(group), ON)
        assert self.counts(api, bob) == (3, 2)
        answer = api(bob).patch("/me/", {"display_name": "Bobby"})
        assert (answer["unread_count"], answer["unread_count_unmuted"]) == (3, 2)

    def test_others_mutes_do_not_count(
        self, api: Any, group: Conversation, alice: User, bob: User, carol: User
    ) -> None:
        say(alice, group)
        api(carol).patch(of(group, "carol"), OFF)
        assert self.counts(api, bob) == (1, 1)
        assert self.counts(api, carol) == (1, 0)

    def test_it_takes_no_statement_more(
        self, api: Any, group: Conversation, bob: User, statements: Any
    ) -> None:
        call = api(bob)
        call.get("/me/")
        with statements() as counted:
            call.get("/me/")
        assert len([sql for sql in counted.sql if "receipts_messagestatus" in sql]) == 1

    @staticmethod
    def counts(api: Any, user: User) -> tuple[int, int]:
        answer = api(user).get("/me/")
        return answer["unread_count"], answer["unread_count_unmuted"]
