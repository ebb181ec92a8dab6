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

from receipts.api.operation_ids import OPERATION_IDS
from tests.support import ROOT
from tests.support.addresses import addresses_in
from tests.support.operations import OPERATIONS, SCHEMA

pytestmark = pytest.mark.django_db


SNAPSHOT = ROOT / "docs" / "openapi.yaml"
#: The schema's components.
NAMES = (
    "ActingBody AllMarked BatchBody BatchItem BatchItemState BatchResult BatchResultKind "
    "BatchResults BulkMark BulkMarkBody BulkReadBody Conversation ConversationChange "
    "ConversationDeletedEvent ConversationKind ConversationPage ConversationReadEvent "
    "CreatedWebhook DeliveredEvent Delivery ErasureProgress Error Event EventMark Events "
    "EverythingReadBody FailureBody FieldError Figures Following Insights InsightsDay MarkBody Me "
    "Membership Message MessageCreatedEvent MessageDeletedEvent MessageEditedEvent MessageKind "
    "MessageName MessagePage MessageReference MessageRestoredEvent MessageText NewConversation "
    "NewMessage NewParticipant NewUser NewWebhook Notifications OverallStatus OwnReceipt "
    "Participant ParticipantChange ParticipantPage PingEvent ProfileChange ReadBody ReceiptPolicy "
    "ReceiptUpdatedEvent ReceiptsBy ReceiptsVisibleTo Recipient RecipientPage RefusedSummary Role "
    "SecretRotation Share Spread State Summaries Summary SummaryOrRefusal SummaryRefusal "
    "ThreadRecipients Ticket Token TwoMembers Unmarked UnreadBody UntrackedReason User UserChange "
    "UserPage ValidationError Webhook WebhookChange WebhookKind WebhookPage"
)


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


def test_every_operation_has_a_name_of_its_own() -> None:
    """Which is that of a function in a client; none is made from words of the address."""
    names = [each.definition.raw["operationId"] for each in OPERATIONS.values()]
    assert sorted(names) == sorted(OPERATION_IDS.values())
    assert len(set(names)) == len(names)


def test_the_components_are_those_that_clients_know() -> None:
    """A new name is a new type in every client, and a name that goes breaks their code."""
    assert " ".join(SCHEMA.raw_schema["components"]["schemas"]) == NAMES


def test_errors_are_two_components() -> None:
    """So that a client has two types of errors, and not one for each operation and status."""
    shared = SCHEMA.raw_schema["components"]["responses"]
    for label, operation in OPERATIONS.items():
        for status, response in operation.definition.raw["responses"].items():
            if status >= "400":
                response = (
                    shared[response["$ref"].split("/")[-1]] if "$ref" in response else response
                )
                schema = response["content"]["application/json"]["schema"]
                refs = [each["$ref"].split("/")[-1] for each in schema.get("anyOf", [schema])]
                wanted = ["ValidationError", "Error"] if status == "400" else ["Error"]
                assert refs == wanted, (label, status)


def test_no_word_of_openapi_3_0_and_no_note_for_developers() -> None:
    """``nullable`` means nothing in 3.1; docstrings are written for two kinds of readers."""
    text = SNAPSHOT.read_text()
    for word in ("nullable:", "for the schema", "``", "Rejects unknown", "(rule", "(rules"):
        assert word not in text, word


def test_a_delivery_to_a_webhook_is_typed() -> None:
    """Its body, and the headers by which it is verified."""
    operation = SCHEMA.raw_schema["webhooks"]["events"]["post"]
    body = operation["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/Delivery"}
    assert {each["name"] for each in operation["parameters"] if each["in"] == "header"} == {
        "Seenby-Delivery", "Seenby-Signature",
        "webhook-id", "webhook-timestamp", "webhook-signature",
    }  # fmt: skip


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
