"""One meaning of moderator: staff in the moderators' group, or a superuser; and at once no more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from chat.authentication import issue_token
from chat.models import MODERATORS, Conversation, Message, User, look_up_moderators, moderator_q
from receipts import services
from receipts.feed.looking import Listener, look
from receipts.feed.positions import newest_position
from tests.support.cast import ON_POSTGRES, moderators, say
from tests.support.listening import Listen

pytestmark = pytest.mark.django_db(transaction=ON_POSTGRES)

#: The facts of an account, whether it is in the group, and whether that makes a moderator.
ACCOUNTS: dict[str, tuple[dict[str, bool], bool, bool]] = {
    "person": ({}, False, False),
    "staff alone": ({"is_staff": True}, False, False),
    "in the group alone": ({}, True, False),
    "staff in the group": ({"is_staff": True}, True, True),
    "superuser": ({"is_staff": True, "is_superuser": True}, False, True),
    "superuser who is not staff": ({"is_superuser": True}, False, True),
    "service account in the group": ({"is_service": True, "is_staff": True}, True, False),
}


def made(name: str) -> User:
    facts, is_member, _ = ACCOUNTS[name]
    user = User.objects.create_user("sam", **facts)
    if is_member:
        user.groups.add(moderators())
    return User.objects.get(pk=user.pk)


#: How moderators' powers show, by where.
POWERS: dict[str, Callable[[Any, User, Message], bool]] = {}


def power(ask: Callable[[Any, User, Message], bool]) -> Callable[[Any, User, Message], bool]:
    POWERS[ask.__name__] = ask
    return ask


def status(user: User, path: str) -> int:
    client = Client(headers={"Authorization": f"Bearer {issue_token(user)[0]}"})
    return client.get(path).status_code


@power
def api_users(api: Any, user: User, message: Message) -> bool:
    return status(user, "/api/v1/users/") == 200


@power
def api_conversation(api: Any, user: User, message: Message) -> bool:
    return status(user, f"/api/v1/conversations/{message.conversation_id}/") == 200


@power
def api_recipients(api: Any, user: User, message: Message) -> bool:
    return status(user, f"/api/v1/messages/{message.pk}/recipients/") == 200


@power
def api_insights(api: Any, user: User, message: Message) -> bool:
    return bool(api(user).get("/insights/")["total"]["messages"])


@power
def api_summaries(api: Any, user: User, message: Message) -> bool:
    return "read_count" in api(user).get(f"/receipts/?messages={message.pk}")["results"][0]


@power
def social_plus(api: Any, user: User, message: Message) -> bool:
    return status(user, f"/api/v1/markers/messages/{message.pk}/read-users") == 200


@power
def agora(api: Any, user: User, message: Message) -> bool:
    path = f"/o/a/chatgroups/{message.conversation_id}/acks/{message.pk}"
    return status(user, path) == 200


@power
def admin_pages(api: Any, user: User, message: Message) -> bool:
    client = Client()
    client.force_login(user)
    paths = ("chat/message/", f"chat/message/{message.pk}/change/", "insights/")
    found = {client.get(f"/admin/{path}").status_code for path in paths}
    assert len(found) == 1
    return found == {200}


@pytest.fixture
def message(group: Conversation, alice: User) -> Message:
    return say(alice, group, "tea?")


@pytest.mark.parametrize("where", POWERS)
@pytest.mark.parametrize("name", [name for name in ACCOUNTS if not name.startswith("service")])
def test_the_same_accounts_moderate_everywhere(
    api: Any, message: Message, name: str, where: str
) -> None:
    """The API, the gateways, the insights and the admin."""
    assert POWERS[where](api, made(name), message) == ACCOUNTS[name][2]


@pytest.mark.parametrize("name", ACCOUNTS)
def test_python_and_sql_say_the_same_of_an_account(name: str) -> None:
    """One by one, of many at once, and as a condition."""
    user = made(name)
    assert user.is_moderator == ACCOUNTS[name][2]
    assert User.objects.filter(moderator_q(), pk=user.pk).exists() == ACCOUNTS[name][2]
    others = list(User.objects.filter(pk=user.pk))
    look_up_moderators(others)
    assert others[0].is_moderator == ACCOUNTS[name][2]


def out_of_the_group(user: User) -> None:
    user.groups.clear()


def no_longer_staff(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_staff=False)


def group_deleted(user: User) -> None:
    Group.objects.filter(name=MODERATORS).delete()


ENDS = [out_of_the_group, no_longer_staff, group_deleted]


@pytest.mark.parametrize("end", ENDS)
def test_the_powers_end_at_once(api: Any, moderator: User, message: Message, end: Any) -> None:
    """With the next request of a token and a session that were there before."""
    headers = {"Authorization": f"Bearer {issue_token(moderator)[0]}"}
    token, session = Client(headers=headers), Client()
    session.force_login(moderator)
    path = f"/api/v1/messages/{message.pk}/recipients/"
    pages = [(token, path), (session, path), (session, "/admin/chat/message/")]
    assert [client.get(page).status_code for client, page in pages] == [200] * 3
    end(moderator)
    api_answers = [client.get(page).status_code for client, page in pages[:2]]
    assert api_answers == [404, 404]
    assert session.get("/admin/chat/message/").status_code in (302, 403)
    assert api(moderator).post(f"/messages/{message.pk}/restore/", status=404)["code"]


@pytest.mark.parametrize("end", ENDS)
def test_the_feed_tells_no_moderators_secrets_after_that(
    moderator: User, message: Message, end: Any
) -> None:
    """A participant who moderated hears of a deleted message like any other from then on."""
    services.add_participant(conversation_id=message.conversation_id, user=moderator)
    position, listener = newest_position(), Listener.of(moderator)
    services.delete_message(message_id=message.pk)

    def told() -> str:
        (event,) = look(listener, position, 10).told
        return str(event["message"]["body"])

    assert told() == "tea?"
    end(moderator)
    assert told() == ""


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("port")
def test_a_stream_that_is_open_tells_none_either(
    listen: Listen, moderator: User, group: Conversation, alice: User
) -> None:
    """No new connection is needed for that."""
    services.add_participant(conversation_id=group.pk, user=moderator)
    first, second = say(alice, group, "one"), say(alice, group, "two")
    stream = listen(moderator)
    services.delete_message(message_id=first.pk)
    assert stream.event()["message"]["body"] == "one"
    moderator.groups.clear()
    services.delete_message(message_id=second.pk)
    assert stream.event()["message"]["body"] == ""


def test_a_person_costs_no_query_and_staff_cost_one(
    alice: User, moderator: User, statements: Any
) -> None:
    """Whether somebody moderates is asked of the group for staff alone, and of many at once."""
    with statements() as counted:
        assert not alice.is_moderator
        look_up_moderators([alice])
    assert len(counted) == 0
    staff = [User.objects.create_user(f"staff{n}", is_staff=True) for n in range(5)]
    with statements() as counted:
        look_up_moderators([alice, moderator, *staff])
        assert [user.username for user in (alice, moderator, *staff) if user.is_moderator] == [
            "mia"
        ]
    assert len(counted) == 1


def test_the_admin_lists_as_moderators_who_moderates(api: Any, moderator: User) -> None:
    """The list of users and its filter go by the same meaning."""
    from tests.support.admin import Browser, listed

    User.objects.create_user("stan", is_staff=True)
    root = Browser(User.objects.create_superuser("root"))
    assert listed(root.get("chat/user/?kind=moderators")) == ["mia", "root"]
    page = root.get("chat/user/")
    assert page.count('<span class="chip">moderator</span>') == 1


def test_the_group_is_neither_renamed_nor_deleted_in_the_admin(db: None) -> None:
    """Or its members would moderate in the admin and nowhere else."""
    from tests.support.admin import Browser

    group = moderators()
    other = Group.objects.create(name="Other")
    root = Browser(User.objects.create_superuser("root"))
    for each in (group, other):
        root.post(f"auth/group/{each.pk}/change/", {"name": f"{each.name} renamed"})
    root.post(f"auth/group/{group.pk}/delete/", {"post": "yes"}, status=403)
    chosen = {"action": "delete_selected", "_selected_action": [group.pk], "post": "yes"}
    root.client.post("/admin/auth/group/", chosen)
    assert set(Group.objects.values_list("name", flat=True)) == {MODERATORS, "Other renamed"}
