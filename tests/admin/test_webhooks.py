"""Webhooks in the admin: how they go, for superusers; what signs them, for nobody."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client

from chat.models import User
from receipts.models import WebhookEndpoint
from tests.support.admin import listed, plain
from tests.support.cast import hook

pytestmark = pytest.mark.django_db

LIST = "/admin/receipts/webhookendpoint/"


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def root() -> Client:
    return client_of(User.objects.create_superuser("root"))


@pytest.fixture
def endpoint(service_key: str) -> WebhookEndpoint:
    endpoint = hook("backend")
    WebhookEndpoint.objects.update(failures=3, last_error="It answered 500.")
    return endpoint


def act(client: Client, name: str, endpoint: WebhookEndpoint) -> Any:
    return client.post(LIST, {"action": name, "_selected_action": endpoint.pk}, follow=True)


def test_how_a_webhook_goes_is_shown_and_its_secret_never(
    root: Client, endpoint: WebhookEndpoint
) -> None:
    for page in (root.get(LIST), root.get(f"{LIST}{endpoint.pk}/change/")):
        text = page.content.decode()
        assert page.status_code == 200
        assert endpoint.url in text
        assert "It answered 500." in text
        assert endpoint.secret not in text
        assert "whsec_" not in text
    assert endpoint.url in root.get(f"{LIST}?q=backend").content.decode()


def test_they_are_found_by_their_state_and_said_in_words(
    root: Client, endpoint: WebhookEndpoint
) -> None:
    """As in the other lists: a form above, breadcrumbs, and what to do where there are none."""
    found = {
        state: listed(root.get(f"{LIST}?state={state}").content.decode())
        for state in ("on", "failing", "off")
    }
    assert found == {"on": [endpoint.url], "failing": [endpoint.url], "off": []}
    page = plain(root.get(LIST).content.decode())
    assert "Home &rsaquo; Webhooks" in page
    assert "3 failures" in page
    one = plain(root.get(f"{LIST}{endpoint.pk}/change/").content.decode())
    for text in (page, one):
        assert "/api/v1/webhooks/" in text
        assert "endpoint to view" not in text
    assert "All kinds of events." in one
    assert ">Switch off</button>" in root.get(f"{LIST}{endpoint.pk}/change/").content.decode()
    WebhookEndpoint.objects.all().delete()
    assert "There is nothing here yet." in root.get(LIST).content.decode()


def test_nothing_is_changed_by_its_address(root: Client, endpoint: WebhookEndpoint) -> None:
    one = f"{LIST}{endpoint.pk}"
    answers = [
        root.get(f"{LIST}add/"),
        root.post(f"{one}/change/", {"url": "https://elsewhere.example/"}),
        root.post(f"{one}/delete/", {"post": "yes"}),
    ]
    assert {each.status_code for each in answers} == {403}
    assert WebhookEndpoint.objects.get().url == endpoint.url


def test_one_is_switched_off_and_on_and_that_is_logged(
    root: Client, endpoint: WebhookEndpoint
) -> None:
    assert "Switched off: 1 of 1." in act(root, "switch_off", endpoint).content.decode()
    endpoint.refresh_from_db()
    assert not endpoint.is_active
    assert "Switched off: 0 of 1." in act(root, "switch_off", endpoint).content.decode()
    act(root, "switch_on", endpoint)
    endpoint.refresh_from_db()
    assert (endpoint.is_active, endpoint.failures, endpoint.last_error) == (True, 0, "")
    logged = LogEntry.objects.order_by("pk").values_list("change_message", flat=True)
    assert list(logged) == ["Switched off.", "Switched on."]


def test_a_new_secret_is_shown_once_and_that_it_was_made_is_logged(
    root: Client, endpoint: WebhookEndpoint
) -> None:
    """The old one signs beside it for a day."""
    old = endpoint.secret
    page = act(root, "rotate_secret", endpoint)
    endpoint.refresh_from_db()
    assert endpoint.secret != old
    assert endpoint.signing_secrets == [endpoint.secret, old]
    assert f'<code class="secret">{endpoint.secret}</code>' in page.content.decode().replace(
        "&#x2B;", "+"
    )
    assert "no-store" in page["Cache-Control"]
    assert "whsec_" not in root.get(LIST).content.decode()
    assert LogEntry.objects.get().change_message == "Replaced the secret."


def test_the_secrets_of_several_are_not_replaced_at_once(
    root: Client, endpoint: WebhookEndpoint
) -> None:
    before, other = endpoint.sealed_secret, hook("backend", f"{endpoint.url}/other")
    both = {"action": "rotate_secret", "_selected_action": [endpoint.pk, other.pk]}
    assert "Select one webhook." in root.post(LIST, both, follow=True).content.decode()
    endpoint.refresh_from_db()
    assert endpoint.sealed_secret == before


def test_a_ping_can_be_requested(root: Client, endpoint: WebhookEndpoint) -> None:
    assert "Pings requested: 1 of 1." in act(root, "ping", endpoint).content.decode()
    endpoint.refresh_from_db()
    assert endpoint.ping_at is not None
    act(root, "switch_off", endpoint)
    assert "Pings requested: 0 of 1." in act(root, "ping", endpoint).content.decode()


def test_they_are_for_superusers_alone(endpoint: WebhookEndpoint, moderator: User) -> None:
    """An address may hold a key of the other side; moderators look after conversations."""
    moderator.user_permissions.set(Permission.objects.all())
    client = client_of(moderator)
    assert client.get(LIST).status_code == 403
    assert client.get(f"{LIST}{endpoint.pk}/change/").status_code == 403
    before = endpoint.sealed_secret
    for action in ("switch_off", "rotate_secret", "ping"):
        assert act(client, action, endpoint).status_code == 403
    endpoint.refresh_from_db()
    assert (endpoint.is_active, endpoint.sealed_secret, endpoint.ping_at) == (True, before, None)
    assert "webhook" not in client.get("/admin/").content.decode().lower()
