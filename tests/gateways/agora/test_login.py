"""Logins of Agora's and Easemob's clients: over the WebSocket, and by name and password."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from chat.authentication import issue_token
from chat.models import User
from receipts.gateways.agora.frames import Code, FrameType
from receipts.gateways.agora.wire.msync_pb2 import Address, Provision
from tests.support.msync import LogIn, Msync, envelope, provision
from tests.support.websocket import Dial

live = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("port")]
WRONG = "Sorry, token or password does not match login info"


class TestSocket:
    """The first frame of a connection."""

    pytestmark = live

    def test_a_token_logs_its_user_in_and_says_when_it_ends(self, dial: Dial, alice: User) -> None:
        client = Msync(dial("/ws"), alice)
        token, expires_at = issue_token(alice)
        client.socket.send(provision("alice", token))
        said = client.next()
        assert (said.status.code, said.resource) == (Code.OK, "phone")
        ends = json.loads(said.auth_token)["expires_in"]
        assert abs(ends - expires_at.timestamp() * 1000) < 2000

    def test_the_token_may_stand_in_the_payload_alone(self, dial: Dial, alice: User) -> None:
        client = Msync(dial("/ws"), alice)
        asked = Provision(auth_token=json.dumps({"token": f"$t${issue_token(alice)[0]}"}))
        client.socket.send(envelope(FrameType.PROVISION, asked, who=Address(name="Alice")))
        assert client.next().status.code == Code.OK

    @pytest.mark.parametrize(
        "token", ["", "nonsense", "key", "another's", "[]", "{}", '{"token": 1}']
    )
    def test_a_wrong_token_is_refused_in_words_that_the_clients_know(
        self, dial: Dial, alice: User, bob: User, service_key: str, token: str
    ) -> None:
        client = Msync(dial("/ws"), alice)
        other = {"key": service_key, "another's": issue_token(bob)[0]}.get(token, token)
        asked = Provision(auth_token=token)
        auth = {} if token[:1] in "[{" else {"auth": f"$t${other}"}
        client.socket.send(envelope(FrameType.PROVISION, asked, who=Address(name="alice"), **auth))
        said = client.next()
        assert (said.status.code, said.status.reason) == (Code.FAILED, WRONG)
        assert client.socket.closed() == 1000

    def test_an_expired_token_is_told_apart(self, dial: Dial, alice: User, settings: Any) -> None:
        settings.TOKEN_LIFETIME_SECONDS = -timedelta(hours=1).total_seconds()
        client = Msync(dial("/ws"), alice)
        client.socket.send(provision("alice", issue_token(alice)[0]))
        assert client.next().status.code == Code.TOKEN_EXPIRED

    def test_a_heartbeat_is_answered(self, msync: LogIn, alice: User) -> None:
        client = msync(alice)
        said = client.beat()
        assert (said.status.code, said.timestamp > 0) == (Code.OK, True)

    def test_easemobs_logout_ends_the_connection(self, msync: LogIn, alice: User) -> None:
        client = msync(alice)
        client.socket.send(envelope(FrameType.LOGOUT))
        assert client.socket.closed() == 1000

    def test_a_command_that_nobody_knows_is_passed_over(self, msync: LogIn, alice: User) -> None:
        client = msync(alice)
        client.socket.send(envelope(99))
        assert client.nothing_more()

    @pytest.mark.parametrize("command", [FrameType.SYNC, FrameType.UNREAD, FrameType.LOGOUT])
    def test_nothing_is_served_before_the_login(self, dial: Dial, command: FrameType) -> None:
        client = dial("/ws")
        client.send(envelope(command))
        assert client.closed() == 1007

    def test_a_connection_has_one_login(self, msync: LogIn, bob: User, alice: User) -> None:
        client = msync(alice)
        client.socket.send(provision("bob", issue_token(bob)[0]))
        assert client.socket.closed() == 1007


def ask(**body: Any) -> Any:
    return Client().post("/org/app/token", json.dumps(body), content_type="application/json")


def test_a_password_is_a_token_and_gives_that_token(alice: User) -> None:
    token, expires_at = issue_token(alice)
    found = ask(grant_type="password", username="Alice", password=token, timestamp=1)
    assert found.status_code == 200
    told = found.json()
    assert (told["access_token"], told["user"]) == (token, {"username": "alice"})
    assert abs(told["expires_in"] + time.time() - expires_at.timestamp()) < 5


def test_wrong_passwords_are_refused(alice: User, bob: User, service_key: str) -> None:
    others = issue_token(bob)[0], service_key, "secret", "", None, 7
    for password in others:
        refused = ask(grant_type="password", username="alice", password=password)
        assert (refused.status_code, refused.json()["error"]) == (401, "unauthorized"), password
    token = issue_token(alice)[0]
    for grant in ("client_credentials", None, 1):
        refused = ask(grant_type=grant, username="alice", password=token)
        assert (refused.status_code, refused.json()["error"]) == (400, "illegal_argument")
