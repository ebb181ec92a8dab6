"""Every kind of event has exactly the fields that its component of the schema has."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Conversation, User
from receipts.models import EventKind
from tests.support.cast import ON_POSTGRES, Api
from tests.support.errors import component_of_event, faults_of

#: A position is a snapshot on PostgreSQL, which sees nothing that is not committed.
pytestmark = pytest.mark.django_db(transaction=ON_POSTGRES)


def test_each_kind_of_event_is_what_its_component_says(
    api: Any, group: Conversation, alice: User, bob: User, service_key: str
) -> None:
    """For people and for backends; what is required is there, and nothing else is."""
    listeners = {"alice": api(alice), "bob": api(bob), "backend": api(service_key)}
    cursors = {name: call.get("/events/")["cursor"] for name, call in listeners.items()}
    seen: set[str] = set()

    def check() -> None:
        for name, call in listeners.items():
            page = call.get(f"/events/?after={cursors[name]}")
            cursors[name] = page["cursor"]
            for event in page["results"]:
                assert faults_of(component_of_event(event["kind"]), event) == [], (name, event)
                assert ("user" in event) is (name == "backend" and "marks" in event)
                seen.add(event["kind"])

    _everything_happens(listeners["alice"], listeners["bob"], listeners["backend"], group, check)
    assert seen == set(EventKind.values)


def _everything_happens(
    alice: Api, bob: Api, backend: Api, group: Conversation, check: Any
) -> None:
    room = f"/conversations/{group.pk}/"
    message = alice.post(f"{room}messages/", {"body": "tea?"}, 201)["id"]
    bob.post(f"/messages/{message}/read/")
    backend.post(f"/messages/{message}/failed/", {"user": "carol", "reason": "off"})
    check()
    alice.patch(f"/messages/{message}/", {"body": "tea at five?"})
    check()
    alice.delete(f"/messages/{message}/")
    check()
    backend.post(f"/messages/{message}/restore/")
    bob.post(f"{room}mark-unread/", {"from_message": message})
    check()
    backend.delete(room, status=200)
    check()
