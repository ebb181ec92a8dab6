"""Tencent's calls: who may use them, what they refuse, and their numbers of statements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from chat.authentication import issue_token
from chat.models import Conversation, Message, Scope, ServiceKey, User
from receipts import gateways
from tests.support.cast import say
from tests.support.tencent import Admin, seq, seqs


@pytest.fixture
def admin(service_key: str) -> Admin:
    return Admin(service_key)


@pytest.fixture
def room(group: Conversation) -> str:
    return str(group.pk)


def test_only_a_service_key_is_the_admins_signature(
    admin: Admin, service_key: str, group: Conversation, room: str, alice: User, moderator: User
) -> None:
    """A user's token is no service key, nor is a moderator's; and each key has its scopes."""
    body = {"GroupId": room, "MsgSeqList": seqs(say(alice, group))}
    for secret in ("", "x", "sk_x", issue_token(alice)[0], issue_token(moderator)[0]):
        Admin(secret)("get_group_msg_receipt", body, code=70003)
    bare = Client(headers={"Authorization": f"Bearer {service_key}"})
    path = "/v4/group_open_http_svc/get_group_msg_receipt"
    assert bare.post(path, body, content_type="text/plain").json()["ErrorCode"] != 0
    assert bare.post(path, body, content_type="application/json").json()["ErrorCode"] == 0
    backend = User.objects.get(username="backend")
    reader = Admin(ServiceKey.issue(user=backend, name="reader", scopes=[Scope.READ]))
    reader("get_group_msg_receipt", body)
    reader("group_msg_receipt", {**body, "From_Account": "bob"}, code=10007)


def test_limits_and_bad_input_are_refused_in_the_envelope(
    admin: Admin, group: Conversation, room: str, alice: User
) -> None:
    """At most 50 messages to read, 200 members per page."""
    message = say(alice, group)
    some = {"GroupId": room, "MsgSeqList": seqs(message)}
    detail = {"GroupId": room, "MsgSeq": seq(message), "Filter": 0, "Cursor": "", "Count": 200}
    for field, wrong in {
        "MsgSeqList": (None, [], {}, "1", [1], [{}], [{"MsgSeq": "1"}], [{"MsgSeq": 0}]),
        "GroupId": (None, "", 5, [], "a\x00b"),
    }.items():
        for value in wrong:
            admin("get_group_msg_receipt", {**some, field: value}, code=10004)
            body = {**some, "From_Account": "bob", field: value}
            admin("group_msg_receipt", body, code=10004)
    for field, wrong in {
        "Count": (0, 201, "5", None, True),
        "Filter": (2, -1, "0", None),
        "Cursor": ("x", 5, None, "-1"),
        "MsgSeq": (0, "1", None, 2**63),
        "Extra": (1,),
    }.items():
        for value in wrong:
            admin("get_group_msg_receipt_detail", {**detail, field: value}, code=10004)
    admin("get_group_msg_receipt", {**some, "GroupId": "nowhere"}, code=10010)
    many = {**some, "From_Account": "bob", "MsgSeqList": seqs(message) * 51}
    admin("group_msg_receipt", many, code=10004)
    admin("group_msg_receipt", {**many, "MsgSeqList": seqs(message) * 50})
    for raw in ("{", "[]", "5", "", "\x00"):
        admin("get_group_msg_receipt", raw, code=10004)


def test_an_archived_message_tells_its_counts_and_no_names(
    admin: Admin, group: Conversation, room: str, alice: User
) -> None:
    """For all three vendors: an empty list would mean that nobody has read it."""
    message = say(alice, group)
    Message.objects.filter(pk=message.pk).update(archived_at=message.created_at)
    detail = {"GroupId": room, "MsgSeq": seq(message), "Filter": 0, "Count": 200}
    admin("get_group_msg_receipt_detail", detail, code=10062)
    admin("get_group_msg_receipt", {"GroupId": room, "MsgSeqList": seqs(message)})
    client = Client(headers={"Authorization": f"Bearer {issue_token(alice)[0]}"})
    marker = f"/api/v1/markers/messages/{message.pk}/read-users"
    acks = f"/o/a/chatgroups/{room}/acks/{message.pk}"
    assert client.get(marker).json()["code"] == 400400
    assert client.get(acks).json()["error"] == "service_resource_not_found"
    assert client.get(marker).status_code == client.get(acks).status_code == 410


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/v4", "/v4/x", "/v4/group_open_http_svc/create_group", "/v4/", "/v4/%0A"]
)
def test_unknown_commands_are_refused_in_the_envelope(path: str) -> None:
    for method in ("get", "post"):
        response = getattr(Client(), method)(path)
        assert response.status_code == 404
        assert response.json()["ErrorCode"] == 10003


@pytest.mark.one_server
def test_the_number_of_statements_is_constant(
    admin: Admin, group: Conversation, room: str, alice: User, statements: Callable[[], Any]
) -> None:
    messages = [say(alice, group) for _ in range(40)]
    some = {"GroupId": room, "MsgSeqList": seqs(*messages)}
    admin("get_group_msg_receipt", some)  # this wrote their numbers
    detail = {"GroupId": room, "MsgSeq": seq(messages[0]), "Filter": 1, "Count": 200}
    for command, body, number in (
        ("get_group_msg_receipt", some, 3),
        ("get_group_msg_receipt_detail", detail, 4),
    ):
        with statements() as counted:
            admin(command, body)
        assert len(counted) == number
    with statements() as counted:
        admin("group_msg_receipt", {**some, "From_Account": "bob"})
    assert len(counted) <= 9


@pytest.mark.parametrize("name", ["socialplus", "tencent", "agora"])
def test_a_gateway_is_there_only_where_it_is_switched_on(name: str, settings: Any) -> None:
    settings.GATEWAYS = []
    assert gateways.urlpatterns() == []
    settings.GATEWAYS = [name]
    views = {pattern.callback.__module__.split(".")[2] for pattern in gateways.urlpatterns()}
    assert views <= {name, "frame"}
    assert name in views
