"""Tickets: a browser's EventSource, which sends no headers, opens a stream with one, once."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.test import Client
from django.utils import timezone

from chat.authentication import issue_token
from chat.models import Conversation, User
from receipts import services
from receipts.feed import tickets
from receipts.feed.retention import prune_events
from receipts.feed.tickets import issue_ticket, take_ticket
from receipts.models import StreamTicket
from tests.support.cast import Api, say
from tests.support.listening import Listen, Stream
from tests.support.racing import at_once

EVENTS = "/api/v1/events/"
streaming = pytest.mark.django_db(transaction=True)


def ticket_of(user: User | str) -> str:
    token = issue_token(user)[0] if isinstance(user, User) else user
    ticket: str = Api(token).post("/events/ticket/", status=201)["ticket"]
    return ticket


def code_of(stream: Stream) -> tuple[int, Any]:
    return stream.status, b"ticket_invalid" in stream.response.read()


# --- What it opens ------------------------------------------------------------------------------


@streaming
def test_a_ticket_opens_the_stream_of_its_holder(
    port: int, listen: Listen, group: Conversation, alice: User, bob: User
) -> None:
    stream = listen(None, query=f"?ticket={ticket_of(bob)}")
    assert stream.status == 200
    message = say(alice, group)
    assert stream.messages(message.pk) == [message.pk]


@streaming
def test_a_ticket_is_used_once(port: int, listen: Listen, bob: User) -> None:
    """An EventSource that reconnects by itself sends the same one again."""
    ticket = ticket_of(bob)
    assert listen(None, query=f"?ticket={ticket}").status == 200
    assert code_of(listen(None, query=f"?ticket={ticket}")) == (401, True)


@streaming
@pytest.mark.postgres
def test_of_many_that_use_a_ticket_at_once_one_has_it(bob: User) -> None:
    """Over several connections, as over several processes and machines."""
    for _ in range(10):
        ticket = issue_ticket(bob, 100)[0]
        taken = at_once([lambda ticket=ticket: take_ticket(ticket)] * 5)
        assert len([each for each in taken if each is not None]) == 1


@streaming
def test_with_a_new_ticket_a_client_goes_on_after_its_last_event(
    port: int, listen: Listen, group: Conversation, alice: User, bob: User
) -> None:
    """A new EventSource sends no Last-Event-ID, so the cursor stands in the address."""
    stream = listen(None, query=f"?ticket={ticket_of(bob)}")
    heard = say(alice, group)
    assert stream.messages(heard.pk) == [heard.pk]
    stream.close()
    missed = say(alice, group)
    again = listen(None, query=f"?ticket={ticket_of(bob)}&after={stream.id}")
    assert again.messages(missed.pk) == [missed.pk]


@streaming
def test_a_stream_ends_when_the_token_expires_for_which_the_ticket_was_issued(
    port: int, listen: Listen, bob: User
) -> None:
    """Not an hour later, as a stream of its own would."""
    ticket = ticket_of(bob)
    StreamTicket.objects.update(ends_at=timezone.now() + timedelta(seconds=1))
    stream = listen(None, query=f"?ticket={ticket}")
    assert stream.status == 200
    with pytest.raises(AssertionError, match="has ended"):
        stream.event()


# --- What it does not open ----------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/events/", "/me/", "/conversations/"])
def test_a_ticket_opens_nothing_but_the_stream(api: Any, bob: User, path: str) -> None:
    """Neither pages of events nor anything else; it is not used up by that."""
    ticket = ticket_of(bob)
    Api(None).get(f"{path}?ticket={ticket}", status=401)
    assert StreamTicket.objects.exists()
    assert take_ticket(ticket) is not None


def test_a_ticket_is_no_token(bob: User) -> None:
    Api(ticket_of(bob)).get("/me/", status=401)


def test_without_a_server_that_streams_a_ticket_is_not_used_up(bob: User) -> None:
    ticket = ticket_of(bob)
    accept = {"Accept": "text/event-stream"}
    for method in ("get", "head"):
        answer = getattr(Client(), method)(f"{EVENTS}?ticket={ticket}", headers=accept)
        assert answer.status_code == 401
    assert take_ticket(ticket) is not None


def test_a_token_beside_a_ticket_does_not_count(bob: User, alice: User) -> None:
    """Whose stream it would be is never a matter of order."""
    refused = Api(issue_token(alice)[0]).call("GET", f"/events/?ticket={ticket_of(bob)}")
    assert (refused.status_code, refused.json()["code"]) == (401, "ticket_invalid")


# --- Until when ---------------------------------------------------------------------------------


def test_a_ticket_expires_after_a_minute(bob: User) -> None:
    given = Api(issue_token(bob)[0]).post("/events/ticket/", status=201)
    assert set(given) == {"ticket", "expires_at"}
    stored = StreamTicket.objects.get()
    assert timedelta(seconds=55) < stored.expires_at - timezone.now() <= timedelta(seconds=60)
    StreamTicket.objects.update(expires_at=timezone.now())
    assert take_ticket(given["ticket"]) is None
    assert not StreamTicket.objects.exists()


def test_a_ticket_is_valid_no_longer_than_the_token(bob: User, settings: Any) -> None:
    settings.TOKEN_LIFETIME_SECONDS = 5
    ticket_of(bob)
    stored = StreamTicket.objects.get()
    assert stored.expires_at == stored.ends_at <= timezone.now() + timedelta(seconds=5)


def test_a_token_that_never_ends_gets_a_ticket(bob: User, settings: Any) -> None:
    """Up to the last second that there is."""
    claims = {"sub": "bob", "iss": settings.JWT_ISSUER, "aud": settings.JWT_AUDIENCE}
    claims |= {"exp": 253_402_300_799}
    ticket = ticket_of(jwt.encode(claims, settings.JWT_SECRET, algorithm="HS256"))
    taken = take_ticket(ticket)
    assert taken is not None
    assert taken.ends_at > time.time() + 1e9


def test_tickets_that_were_never_used_are_cleaned_up(bob: User) -> None:
    old, new = issue_ticket(bob, 100)[0], issue_ticket(bob, 100)[0]
    StreamTicket.objects.filter(pk=tickets._digest(old)).update(
        expires_at=timezone.now() - timedelta(seconds=1)
    )
    prune_events()
    assert StreamTicket.objects.count() == 1
    assert take_ticket(new) is not None


# --- The account --------------------------------------------------------------------------------


def test_the_ticket_of_a_deactivated_account_opens_nothing(bob: User) -> None:
    ticket = ticket_of(bob)
    services.deactivate_user(user=bob)
    assert take_ticket(ticket) is None


def test_the_ticket_of_an_account_that_became_a_service_opens_nothing(bob: User) -> None:
    """It would be everybody's stream, without a scope."""
    ticket = ticket_of(bob)
    User.objects.filter(pk=bob.pk).update(is_service=True)
    assert take_ticket(ticket) is None


def test_forgetting_a_person_takes_their_tickets(api: Any, bob: User, service_key: str) -> None:
    """A ticket belongs to the account, not to the name: the next bob is somebody else."""
    ticket = ticket_of(bob)
    api(service_key)("DELETE", "/users/bob/", status=200)
    assert not StreamTicket.objects.exists()
    assert take_ticket(ticket) is None


def test_a_key_gets_no_ticket(service_key: str) -> None:
    """What it follows is everybody's, and it can send headers."""
    refused = Api(service_key).post("/events/ticket/", status=403)
    assert refused["code"] == "permission_denied"


def test_a_session_gets_no_ticket(bob: User) -> None:
    """A page of this origin has its session at the stream, too; a ticket would outlive it."""
    browser = Client()
    browser.force_login(bob)
    refused = browser.post("/api/v1/events/ticket/", content_type="application/json")
    assert (refused.status_code, StreamTicket.objects.exists()) == (403, False)


# --- Logs ---------------------------------------------------------------------------------------


def test_a_ticket_is_stored_as_a_hash(bob: User) -> None:
    ticket = ticket_of(bob)
    assert ticket not in str(StreamTicket.objects.values_list())


@pytest.mark.parametrize("odd", ["", "x", "%00", "%FF", "tkt_" + "x" * 5_000])
def test_a_ticket_that_is_none_is_refused(db: None, odd: str) -> None:
    assert Client().get(f"{EVENTS}?ticket={odd}").status_code == 401
    assert take_ticket(odd) is None
