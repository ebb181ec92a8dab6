"""Webhooks are registered, changed, disabled and enabled by the service account that owns them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from chat.models import ServiceKey, User
from receipts.models import WebhookEndpoint
from tests.support.cast import hook

URL = "https://backend.example/seenby"


@pytest.fixture
def other_key(db: None) -> str:
    """The key of another application's backend."""
    user = User.objects.create_user("other", is_service=True)
    return ServiceKey.issue(user=user, name="other", scopes=["read", "write"])


@pytest.fixture
def failing(service_key: str) -> WebhookEndpoint:
    """An endpoint that has failed for two days, and is retried in an hour."""
    endpoint, now = hook("backend", URL), timezone.now()
    WebhookEndpoint.objects.update(
        failures=40,
        failing_since=now - timedelta(days=2),
        last_error="It answered 500.",
        try_at=now + timedelta(hours=1),
    )
    return endpoint


def is_due(endpoint: WebhookEndpoint) -> bool:
    endpoint.refresh_from_db()
    return endpoint.is_active and endpoint.try_at <= timezone.now()


def test_a_webhook_is_registered_and_says_how_it_goes(api: Any, service_key: str) -> None:
    call = api(service_key)
    made = call.post("/webhooks/", {"url": URL, "kinds": ["message.created"]}, 201)
    assert made.pop("secret").startswith("whsec_")
    assert made.pop("created_at")
    assert made == {
        "id": WebhookEndpoint.objects.get().pk,
        "url": URL,
        "kinds": ["message.created"],
        "is_active": True,
        "delivered_at": None,
        "failures": 0,
        "failing_since": None,
        "last_error": "",
        "ping_at": None,
        "previous_secret_until": None,
    }


def test_without_kinds_it_is_for_all_of_them(api: Any, service_key: str) -> None:
    assert api(service_key).post("/webhooks/", {"url": URL}, 201)["kinds"] == []


def test_the_secret_is_shown_once(api: Any, service_key: str) -> None:
    """Anyone who could read it later could forge our signature."""
    call = api(service_key)
    made = call.post("/webhooks/", {"url": URL}, 201)
    stored = WebhookEndpoint.objects.get()
    assert made["secret"] == stored.secret
    path = f"/webhooks/{stored.pk}/"
    for later in (
        call.get("/webhooks/"),
        call.get(path),
        call.patch(path, {"kinds": []}),
        call.patch(path, {"is_active": False}),
    ):
        assert stored.secret not in str(later)
        assert "whsec_" not in str(later)


def test_secrets_are_never_alike(api: Any, service_key: str) -> None:
    call = api(service_key)
    secrets = {call.post("/webhooks/", {"url": URL}, 201)["secret"] for _ in range(3)}
    assert len(secrets) == 3
    assert min(map(len, secrets)) >= 40


def test_one_sees_ones_own_only(api: Any, service_key: str, other_key: str) -> None:
    """Those of another application do not exist for it."""
    path = f"/webhooks/{hook('backend').pk}/"
    stranger = api(other_key)
    assert stranger.get("/webhooks/")["results"] == []
    stranger.get(path, 404)
    stranger.patch(path, {"is_active": False}, 404)
    stranger.delete(path, 404)
    assert api(service_key).get(path)["is_active"] is True


def test_the_list_has_pages(api: Any, service_key: str) -> None:
    for number in range(3):
        hook("backend", f"{URL}/{number}")
    call = api(service_key)
    first = call.get("/webhooks/?limit=2")
    second = call.get(first["next"])
    urls = [each["url"] for page in (first, second) for each in page["results"]]
    assert sorted(urls) == [f"{URL}/{number}" for number in range(3)]
    assert second["next"] is None


@pytest.mark.parametrize(
    ("scopes", "read", "write"),
    [
        (["read"], 200, 403),
        (["write"], 403, 403),
        (["users"], 403, 403),
        (["read", "users"], 200, 403),
        (["write", "users"], 403, 403),
        (["read", "write"], 200, 201),
    ],
)
def test_a_key_needs_to_read_and_to_write(
    api: Any, service_key: str, scopes: list[str], read: int, write: int
) -> None:
    user = User.objects.get(username="backend")
    call = api(ServiceKey.issue(user=user, name="narrow", scopes=scopes))
    path = f"/webhooks/{hook('backend').pk}/"
    call.get("/webhooks/", read)
    call.get(path, read)
    call.post("/webhooks/", {"url": URL}, write)
    call.patch(path, {"url": f"{URL}/elsewhere"}, 200 if write == 201 else 403)
    call.post(f"{path}rotate-secret/", {}, 200 if write == 201 else 403)
    call.post(f"{path}ping/", {}, 202 if write == 201 else 403)
    call.delete(path, 204 if write == 201 else 403)


def test_address_and_kinds_can_be_changed(api: Any, service_key: str) -> None:
    call, path = api(service_key), f"/webhooks/{hook('backend').pk}/"
    changed = call.patch(path, {"url": f"{URL}/v2", "kinds": ["receipt.updated"]})
    assert (changed["url"], changed["kinds"]) == (f"{URL}/v2", ["receipt.updated"])
    assert call.get(path) == changed
    assert call.patch(path, {"kinds": []})["kinds"] == []
    assert call.patch(path, {}) == call.get(path)


def test_one_is_switched_off_and_on(api: Any, failing: WebhookEndpoint, service_key: str) -> None:
    """It continues from its cursor, at once, as if it had never failed."""
    call, path, cursor = api(service_key), f"/webhooks/{failing.pk}/", failing.cursor
    off = call.patch(path, {"is_active": False})
    assert (off["is_active"], off["last_error"]) == (False, "It answered 500.")
    assert not is_due(failing)
    on = call.patch(path, {"is_active": True})
    assert (on["is_active"], on["failures"], on["last_error"]) == (True, 0, "")
    assert on["failing_since"] is None
    assert is_due(failing)
    assert failing.cursor == cursor


def test_switching_on_what_is_on_changes_nothing(
    api: Any, failing: WebhookEndpoint, service_key: str
) -> None:
    """Rule 5 in spirit: a repeat."""
    path = f"/webhooks/{failing.pk}/"
    assert api(service_key).patch(path, {"is_active": True})["failures"] == 40
    assert not is_due(failing)


def test_switching_off_what_is_off_changes_nothing(api: Any, service_key: str) -> None:
    endpoint = hook("backend")
    api(service_key).patch(f"/webhooks/{endpoint.pk}/", {"is_active": False})
    endpoint.refresh_from_db()
    api(service_key).patch(f"/webhooks/{endpoint.pk}/", {"is_active": False})
    before = endpoint.disabled_at
    endpoint.refresh_from_db()
    assert endpoint.disabled_at == before


def test_a_new_address_is_tried_at_once(
    api: Any, failing: WebhookEndpoint, service_key: str
) -> None:
    """A failure at the old URL means nothing for the new one."""
    call, path = api(service_key), f"/webhooks/{failing.pk}/"
    assert call.patch(path, {"url": URL})["failures"] == 40
    assert call.patch(path, {"url": f"{URL}/v2"})["failures"] == 0
    assert is_due(failing)


def test_one_is_taken_away(api: Any, service_key: str) -> None:
    path = f"/webhooks/{hook('backend').pk}/"
    api(service_key).delete(path)
    api(service_key).get(path, 404)
    assert not WebhookEndpoint.objects.exists()


@pytest.mark.parametrize("method", ["POST", "PATCH"])
@pytest.mark.parametrize(
    "url",
    ["http://backend.example/", "https://localhost/", "https://127.1/", "https://[::1]/",
     "https://169.254.169.254/", "https://u:p@backend.example/", "https://backend.example:0/",
     "https://backend.example/" + "a" * 500, "https://", "backend.example", "", 5, None],
)  # fmt: skip
def test_a_bad_address_is_refused_by_name(
    api: Any, service_key: str, method: str, url: Any
) -> None:
    path = f"/webhooks/{hook('backend').pk}/" if method == "PATCH" else "/webhooks/"
    assert set(api(service_key)(method, path, {"url": url}, 400)) == {"url"}
    assert WebhookEndpoint.objects.filter(url=URL).count() == (method == "PATCH")
    assert WebhookEndpoint.objects.count() == (method == "PATCH")


def test_nobody_can_ask_for_what_only_readers_hear(api: Any, service_key: str) -> None:
    """Rule 13: ``conversation.read`` is for a reader's own devices."""
    body = {"url": URL, "kinds": ["conversation.read"]}
    assert set(api(service_key).post("/webhooks/", body, 400)) == {"kinds"}


def test_private_addresses_can_be_allowed(api: Any, service_key: str, settings: Any) -> None:
    """WEBHOOKS_ALLOW_PRIVATE."""
    settings.WEBHOOKS_ALLOW_PRIVATE = True
    api(service_key).post("/webhooks/", {"url": "http://10.0.0.8:8000/hook"}, 201)
    api(service_key).post("/webhooks/", {"url": "ftp://10.0.0.8/"}, 400)


def test_an_account_that_goes_takes_its_webhooks_along(service_key: str) -> None:
    hook("backend")
    User.objects.get(username="backend").delete()
    assert not WebhookEndpoint.objects.exists()
