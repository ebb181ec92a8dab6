"""The OpenAPI schema: complete, kept beside the code, and served with a page to try it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import URLPattern, get_resolver
from drf_spectacular.generators import SchemaGenerator

from tests.support import ROOT
from tests.support.addresses import addresses_in
from tests.support.operations import OPERATIONS

pytestmark = pytest.mark.django_db


SNAPSHOT = ROOT / "docs" / "openapi.yaml"


def patterns(resolver: Any) -> Iterator[tuple[str, URLPattern]]:
    """Every address of the service, as the schema spells it."""
    for address, pattern in addresses_in(resolver.url_patterns, "/"):
        yield re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", address).replace("{pk}", "{id}"), pattern


def test_the_snapshot_is_what_the_service_says() -> None:
    """A change of the API is seen in review; ``make schema`` writes it down."""
    said = StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=said)
    message = "The API changed: run `make schema` and look at what it did to docs/openapi.yaml."
    assert said.getvalue().rstrip() == SNAPSHOT.read_text().rstrip(), message


def test_every_endpoint_stands_in_the_schema() -> None:
    """Each address, with each of its methods."""
    served = {
        f"{method.upper()} {address}"
        for address, pattern in patterns(get_resolver())
        if address.startswith("/api/v1/") and not address.endswith(("/schema/", "/docs/"))
        for method in set(pattern.callback.actions) - {"head"}
    }
    assert served == set(OPERATIONS)


@pytest.mark.parametrize("label", OPERATIONS)
def test_every_operation_declares_its_errors(label: str) -> None:
    """With its errors, and with what a caller has to show."""
    operation = OPERATIONS[label].definition.raw
    expected = {"400", "401", "403", "404", "405", "406"}
    if label.startswith(("POST", "PATCH", "PUT")):
        expected |= {"413", "415"}
    assert expected < set(operation["responses"])
    assert operation["security"] == [{"bearer": []}]
    assert operation["summary"]


def test_the_schema_is_served() -> None:
    """OpenAPI 3.1, to anybody, in YAML or JSON."""
    served = Client().get("/api/v1/schema/", headers={"Accept": "application/json"})
    assert served.json()["openapi"].startswith("3.1")
    assert Client().get("/api/v1/schema/").content.decode() == SNAPSHOT.read_text()


def test_the_schema_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Anybody may ask for it, so it costs next to nothing; and nothing to one who has it."""
    kinds = ("application/json", "application/vnd.oai.openapi", "*/*")
    served = [Client().get("/api/v1/schema/", headers={"Accept": kind}) for kind in kinds]
    monkeypatch.setattr(SchemaGenerator, "get_schema", None)
    for kind, first in zip(kinds, served, strict=True):
        again = Client().get("/api/v1/schema/", headers={"Accept": kind})
        assert (again.content, again["Content-Type"]) == (first.content, first["Content-Type"])
        known = {"Accept": kind, "If-None-Match": again["ETag"]}
        unchanged = Client().get("/api/v1/schema/", headers=known)
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        assert unchanged["Vary"] == first["Vary"]
    assert served[0]["ETag"] != served[1]["ETag"]


def test_the_page_to_try_it_needs_no_internet() -> None:
    """All that it loads is served from here."""
    page = Client().get("/api/v1/docs/")
    html = page.content.decode()
    loaded = re.findall(r'<(?:script|link|img)[^>]*?(?:src|href)="([^"]+)"', html)
    assert len(loaded) >= 3
    script = "/api/v1/docs/?script="
    elsewhere = [address for address in loaded if not address.startswith("/static/")]
    assert elsewhere == [script]
    for address in loaded:
        served = Client().get(address)
        assert (served.status_code, served.headers["Content-Length"] > "0") == (200, True), address
        served.close()
    settings = Client().get(script).content.decode()
    assert not re.search(r"https?://", html + settings)
    assert '"validatorUrl": null' in settings


def test_no_migration_is_missing() -> None:
    """The models are what the database is migrated to."""
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)
