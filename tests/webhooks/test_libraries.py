"""Existing libraries verify deliveries, as docs/webhooks.md says, also while secrets change."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
import stripe
import svix.webhooks
from standardwebhooks import Webhook

from chat.models import Conversation, User
from receipts.models import WebhookEndpoint
from receipts.webhooks import endpoints, posting
from receipts.webhooks.signing import standard_signature, stripe_signature
from tests.support import ROOT
from tests.support.cast import ON_POSTGRES, hook, say
from tests.support.receiver import Received, Receiver
from tests.support.webhooks import turn

pytestmark = pytest.mark.django_db(transaction=ON_POSTGRES)

Verify = Callable[[bytes, dict[str, str], str], Any]


def documented() -> dict[str, Any]:
    """The Python of the page, as one module."""
    page = (ROOT / "docs" / "webhooks.md").read_text()
    blocks = re.findall(r"```(?:python|js)\n(.*?)```", page, re.DOTALL)
    assert len(blocks) == 4
    assert all(len(block.splitlines()) <= 6 for block in blocks)
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(block, names)
    return names


def by_svix(body: bytes, headers: dict[str, str], secret: str) -> None:
    svix.webhooks.Webhook(secret).verify(body, headers)


LIBRARIES: dict[str, Verify] = {
    "standardwebhooks": documented()["events_of"],
    "svix": by_svix,
    "stripe": documented()["events_by_stripe"],
}
#: What a library raises for a body that is not ours.
REFUSALS = (svix.webhooks.WebhookVerificationError, stripe.SignatureVerificationError)
each_library = pytest.mark.parametrize("verify", LIBRARIES.values(), ids=LIBRARIES)


@pytest.fixture
def endpoint(receiver: Receiver, service_key: str, group: Conversation) -> WebhookEndpoint:
    return hook("backend", receiver.url)


@pytest.fixture
def delivered(
    receiver: Receiver, endpoint: WebhookEndpoint, group: Conversation, alice: User
) -> Callable[[], Received]:
    """Alice writes, and a worker delivers it."""

    def deliver() -> Received:
        say(alice, group, "tea? ☕")
        assert turn() == 1
        return receiver.got[-1]

    return deliver


def is_verified(verify: Verify, got: Received, secret: str, body: bytes | None = None) -> bool:
    try:
        verify(got.raw if body is None else body, got.headers, secret)
    except REFUSALS:
        return False
    return True


def test_the_documented_code_returns_the_events(
    endpoint: WebhookEndpoint, delivered: Callable[[], Received]
) -> None:
    got = delivered()
    for name in ("standardwebhooks", "stripe"):
        assert LIBRARIES[name](got.raw, got.headers, endpoint.secret) == got.events


@each_library
def test_a_library_verifies_a_delivery_and_nothing_else(
    endpoint: WebhookEndpoint, delivered: Callable[[], Received], verify: Verify
) -> None:
    """All three verify the same request."""
    got, other = delivered(), WebhookEndpoint().secret
    assert is_verified(verify, got, endpoint.secret)
    assert not is_verified(verify, got, other)
    assert not is_verified(verify, got, endpoint.secret, got.raw + b" ")


@each_library
def test_a_library_refuses_an_old_delivery(
    endpoint: WebhookEndpoint, delivered: Callable[[], Received], verify: Verify,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """The time is signed."""
    long_ago = time.time() - 600
    with monkeypatch.context() as patch:
        patch.setattr(posting.time, "time", lambda: long_ago)
        got = delivered()
    assert not is_verified(verify, got, endpoint.secret)
    name = "webhook-timestamp"
    if verify is not LIBRARIES["stripe"]:
        got.headers[name] = str(int(time.time()))
        assert not is_verified(verify, got, endpoint.secret)


def test_a_new_secret_is_what_standard_webhooks_asks_for(endpoint: WebhookEndpoint) -> None:
    """``whsec_`` and 24 to 64 bytes in plain base64."""
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", endpoint.secret)
    assert len(Webhook(endpoint.secret)._whsecret) == 32


@each_library
def test_a_secret_from_before_is_verified_in_plain_base64(
    endpoint: WebhookEndpoint, delivered: Callable[[], Received], verify: Verify
) -> None:
    """Secrets were URL-safe base64 without padding, which only Stripe's scheme takes as it is."""
    former = "whsec_BLkvfyAc-d0vuvU9MCM35A4XMxBKude_gz6oOzKPlbg"
    WebhookEndpoint.objects.update(sealed_secret=endpoints.seal_secret(former))
    plain = former.replace("-", "+").replace("_gz", "/gz")
    got = delivered()
    assert is_verified(verify, got, former if verify is LIBRARIES["stripe"] else plain)


@each_library
def test_both_secrets_verify_while_one_replaces_the_other(
    api: Any, service_key: str, endpoint: WebhookEndpoint, delivered: Callable[[], Received],
    verify: Verify,
) -> None:  # fmt: skip
    """Then the new one alone."""
    old = endpoint.secret
    new = api(service_key).post(f"/webhooks/{endpoint.pk}/rotate-secret/")["secret"]
    got = delivered()
    assert is_verified(verify, got, old)
    assert is_verified(verify, got, new)
    assert not is_verified(verify, got, WebhookEndpoint().secret)
    WebhookEndpoint.objects.update(previous_until="2026-01-01T00:00Z")
    got = delivered()
    assert (is_verified(verify, got, old), is_verified(verify, got, new)) == (False, True)


def test_the_id_stays_the_same_for_each_repeat(
    receiver: Receiver, endpoint: WebhookEndpoint, group: Conversation, alice: User
) -> None:
    """An idempotency key, in all three places where it stands."""
    receiver.answers.extend([500, 500])
    say(alice, group, "one")
    for _ in range(3):
        turn()
        WebhookEndpoint.objects.update(try_at="2026-01-01T00:00Z")
    say(alice, group, "two")
    turn()
    ids = [each.headers["webhook-id"] for each in receiver.got]
    assert ids[0] == ids[1] == ids[2] != ids[3]
    assert ids == [each.headers["Seenby-Delivery"] for each in receiver.got]
    assert ids == [each.body["delivery"] for each in receiver.got]


def test_signatures_are_those_of_the_specifications() -> None:
    """Computed with the libraries' own functions, for a secret of any length."""
    from datetime import UTC, datetime

    secret, body, now = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"a": 1}', 1_795_305_258
    moment = datetime.fromtimestamp(now, UTC)
    assert standard_signature([secret], "msg_1", body, now) == Webhook(secret).sign(
        "msg_1", moment, body.decode()
    )
    made = stripe.WebhookSignature.generate_signature_header(body.decode(), secret, now)
    assert stripe_signature([secret], body, now) == made
