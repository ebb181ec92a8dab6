"""Secrets from before they were sealed, after the migration and after undoing it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from receipts.models import WebhookEndpoint
from tests.support.migrating import migrate, migrate_all

#: Citus refuses to alter distributed tables as a migration does.
pytestmark = [pytest.mark.one_server, pytest.mark.django_db(transaction=True)]

BEFORE = [("receipts", "0013_rollup_of_insights")]
FORMER = "whsec_BLkvfyAc-d0vuvU9MCM35A4XMxBKude_gz6oOzKPlbg"


@pytest.fixture
def old() -> Iterator[Any]:
    """The models of the version before; afterwards all is migrated again."""
    yield migrate(BEFORE)
    migrate_all()


def test_a_secret_stays_the_same(old: Any) -> None:
    """Its backend has it, and verifies with it."""
    owner = old.get_model("chat", "User").objects.create(username="backend", is_service=True)
    stored = old.get_model("receipts", "WebhookEndpoint").objects
    stored.create(owner=owner, url="https://backend.example/", cursor="x", secret=FORMER)
    migrate_all()
    endpoint = WebhookEndpoint.objects.get()
    assert endpoint.signing_secrets == [FORMER]
    assert FORMER not in endpoint.sealed_secret
    back = migrate(BEFORE).get_model("receipts", "WebhookEndpoint")
    assert back.objects.get().secret == FORMER
