"""`/metrics`: closed unless it is opened, and what it tells of requests, marks and webhooks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from http.client import HTTPConnection
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from chat.models import Conversation, User
from config.metrics import forget_ended
from receipts.metrics import REGISTRY
from receipts.models import WebhookEndpoint
from receipts.webhooks.backlog import backlogs
from tests.support.cast import hook, say
from tests.support.live import Serve, server_thread

TOKEN = "Kq3vJx8mTz1bYw5nRd7cLf9hGs2pUa4eXi6oVt0k"
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture
def open_metrics(settings: Any) -> Any:
    settings.METRICS = True
    return settings


def scrape(port: int, **headers: str) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/metrics", headers=headers)
    answer = connection.getresponse()
    found = answer.status, answer.read().decode()
    connection.close()
    return found


def samples(text: str) -> Samples:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


@pytest.fixture
def port(transactional_db: None) -> Iterator[int]:
    with server_thread() as port:
        yield port


# --- Who may ask ----------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_there_are_no_metrics_unless_they_are_opened(port: int) -> None:
    """A proxy on the same machine makes everybody come from 127.0.0.1."""
    assert scrape(port)[0] == 404


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("given", "status"),
    [({}, 401), ({"Authorization": "Bearer no"}, 401), ({"Authorization": f"Bearer {TOKEN}"}, 200)],
)
def test_a_token_opens_them(
    port: int, open_metrics: Any, given: dict[str, str], status: int
) -> None:
    open_metrics.METRICS_TOKEN = TOKEN
    found, text = scrape(port, **given)
    assert (found, "seenby_requests" in text) == (status, status == 200)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("network", "status"), [("127.0.0.0/8", 200), ("10.0.0.0/8", 403)])
def test_a_network_opens_them(port: int, open_metrics: Any, network: str, status: int) -> None:
    open_metrics.METRICS_ALLOW = [ip_network(network)]
    assert scrape(port)[0] == status


# --- What they tell -------------------------------------------------------------------------------


def test_marks_are_counted_by_kind(
    api: Any, alice: User, bob: User, group: Conversation, open_metrics: Any, service_key: str
) -> None:
    """Rows that changed: a repeat is none, and a mark up to a message is as many as it changes."""
    kinds = ("delivery", "private_delivery", "read", "private_read", "failure")
    before = {kind: value("seenby_marks_total", kind=kind) for kind in kinds}
    first, second, third, _ = (say(alice, group).pk for _ in range(4))

    def post(path: str, **body: Any) -> None:
        assert api(bob).client.post(f"/api/v1/{path}/", body, format="json").status_code == 200

    for _ in range(2):
        post(f"messages/{first}/delivered")
        post(f"messages/{first}/read")
    post(f"messages/{second}/read", private=True)
    failed = {"user": "bob"}
    api(service_key).client.post(f"/api/v1/messages/{third}/failed/", failed, format="json")
    post(f"conversations/{group.pk}/mark-read")
    User.objects.filter(pk=bob.pk).update(delivery_receipts_enabled=False)
    post("receipts", receipts=[{"message": say(alice, group).pk, "state": "delivered"}])
    counted = {kind: value("seenby_marks_total", kind=kind) - before[kind] for kind in kinds}
    assert counted == {
        "delivery": 1, "read": 3, "private_read": 1, "failure": 1, "private_delivery": 1,
    }  # fmt: skip


def test_a_request_is_counted_by_its_pattern(
    api: Any, alice: User, group: Conversation, open_metrics: Any
) -> None:
    """Never by its address, or each message would be a series of its own."""
    route = "api/v1/messages/<id:pk>/status/"
    labels = {"method": "GET", "route": route, "status": "200"}
    before = value("seenby_requests_total", **labels)
    for _ in range(2):
        api(alice).client.get(f"/api/v1/messages/{say(alice, group).pk}/status/")
    api(alice).client.get("/nothing/")
    assert value("seenby_requests_total", **labels) == before + 2
    assert value("seenby_request_seconds_count", method="GET", route=route) == before + 2
    assert value("seenby_requests_total", method="GET", route="none", status="404") >= 1


@pytest.mark.django_db(transaction=True)
def test_webhooks_tell_their_state_and_backlog(alice: User, bob: User, group: Conversation) -> None:
    """Waiting is what an endpoint wants and has not accepted."""
    User.objects.create_user("backend", is_service=True)
    now = timezone.now()
    hook("backend")
    other = hook("backend", "https://backend.example/edits")
    WebhookEndpoint.objects.filter(pk=other.pk).update(kinds=["message.edited"])
    failing, disabled = (hook("backend", f"https://backend.example/{n}") for n in range(2))
    WebhookEndpoint.objects.filter(pk=failing.pk).update(failing_since=now - timedelta(hours=1))
    WebhookEndpoint.objects.filter(pk=disabled.pk).update(disabled_at=now)
    assert sorted(backlogs()) == [
        ("delivering", 0.0), ("delivering", 0.0), ("disabled", 0.0),
        ("failing", pytest.approx(3600, abs=60)),
    ]  # fmt: skip
    say(alice, group)
    waits = sorted(wait for state, wait in backlogs() if state == "delivering")
    assert waits[0] == 0.0 < waits[1]


# --- Several workers ------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_any_worker_answers_for_all(serve: Serve, service_key: str) -> None:
    """Each connection is a worker's; no request is missing, and the folder goes with the server."""
    server = serve(WORKERS=2, METRICS_ALLOW="127.0.0.1")
    for _ in range(30):
        connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
        connection.request(
            "GET", "/api/v1/users/", headers={"Authorization": f"Bearer {service_key}"}
        )
        assert connection.getresponse().status == 200
        connection.close()
    labels = {"method": "GET", "route": "api/v1/users/", "status": "200"}
    key = "seenby_requests_total", frozenset(labels.items())
    assert {samples(scrape(server.port)[1])[key] for _ in range(6)} == {30}
    folders = folders_of(server.process.pid)
    assert len(folders) == 1
    server.stop()
    assert not folders[0].exists()


def test_the_gauges_of_a_worker_that_has_ended_are_forgotten(tmp_path: Path) -> None:
    """Its threads are gone; what it has counted stays counted."""
    mine, gone = os.getpid(), 2**30
    for name in (f"gauge_livesum_{mine}", f"gauge_livemax_{gone}", f"counter_{gone}"):
        (tmp_path / f"{name}.db").touch()
    forget_ended(tmp_path)
    left = {file.stem for file in tmp_path.iterdir()}
    assert left == {f"gauge_livesum_{mine}", f"counter_{gone}"}


def folders_of(pid: int) -> list[Path]:
    """The folders in which a server's workers count."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    variables = [Path(f"/proc/{child}/environ").read_text().split("\0") for child in children]
    name = "PROMETHEUS_MULTIPROC_DIR="
    return list(
        {
            Path(each.removeprefix(name))
            for some in variables
            for each in some
            if each.startswith(name)
        }
    )
