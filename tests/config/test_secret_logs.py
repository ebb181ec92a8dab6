"""No log line holds a secret, whoever writes it and whatever went wrong.

Every test is watched for that (``tests/conftest.py``); here are the ways in which it happened or
might, and the proof that the watch sees it.
"""

from __future__ import annotations

import logging
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from benchmarks.processes import free_port
from chat.authentication import issue_token
from chat.models import Message, Scope, ServiceKey, User
from config.logs import JSONFormatter, TextFormatter
from config.redacting import redacted
from receipts.gateways.tencent.base import TencentView
from receipts.gateways.tencent.receipts import ReceiptsView
from receipts.models import webhook
from receipts.webhooks import posting
from receipts.webhooks.delivering import deliver
from tests.support import ROOT
from tests.support.cast import ON_POSTGRES, hook, say
from tests.support.postgres import stop
from tests.support.serving import wait_until_ready
from tests.support.watching import Watch

logger = logging.getLogger("seenby.tests")
COUNTS = "/v4/group_open_http_svc/get_group_msg_receipt"


class Lines(logging.Handler):
    """What both formats make of every record."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.text += f"{JSONFormatter().format(record)}\n{TextFormatter().format(record)}\n"


@pytest.fixture
def lines() -> Iterator[Lines]:
    handler = Lines()
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)


# --- The watch can fail -------------------------------------------------------------------------


@pytest.fixture
def issued(db: None) -> dict[str, str]:
    """A new secret of each kind."""
    backend = User.objects.create_user("shop", is_service=True)
    User.objects.create_user("eve", "a long password")
    return {
        "service key": ServiceKey.issue(user=backend, name="shop", scopes=list(Scope.values)),
        "token": issue_token(User.objects.get(username="eve"))[0],
        "webhook's secret": webhook.new_secret(),
        "password": "a long password",
    }


@pytest.mark.parametrize("kind", ["service key", "token", "webhook's secret", "password"])
def test_the_watch_sees_a_secret_that_is_not_taken_out(
    issued: dict[str, str], watch: Watch, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """In a message, an argument, an extra and a traceback; else the suite could not fail."""
    monkeypatch.setattr("config.logs.redacted", lambda text: text)
    secret = issued[kind]
    logger.warning("It was %s.", secret)
    logger.warning("It was said.", extra={"what": {"key": [secret]}})
    try:
        raise RuntimeError(f"refused: {secret!r}")
    except RuntimeError:
        logger.exception("It went wrong.")
    logger.warning("It was nothing.")
    leaks, watch.leaks = watch.leaks, []
    assert len(leaks) == 6  # three records, in two formats
    assert all(watch.found_in(leak) for leak in leaks)


# --- What is taken out --------------------------------------------------------------------------

KEY = "sk_Zq0-Jf_3kLm9TtYxWvUuSsRrQqPpOoNnMmLlKkJjIiH"
SECRET = "Hx9-Kq3vJx8mTz1bYw5nRd7cLf9h"
QUOTED = [
    f"GET /v4/x?sdkappid=1&usersig={KEY}&random=5",
    f"<WSGIRequest: POST '/v4/x?usersig={SECRET}'>",
    f"https://user:{SECRET}@backend.example/hook?token={SECRET}",
    f"postgres://seenby:{SECRET}@db.example/seenby",
    f"{{'Authorization': 'Bearer {SECRET}', 'Api-Token': '{SECRET}'}}",
    f"[(b'authorization', b'Bearer {SECRET}'), (b'cookie', b'sessionid={SECRET}')]",
    f"Api-Token: {SECRET}\nX-API-Key: {SECRET}",
    f'{{"password": "{SECRET}", "authToken": "{SECRET}"}}',
    f"<QueryDict: {{'csrfmiddlewaretoken': ['{SECRET}'], 'password': ['{SECRET}']}}>",
    f"set_password(password={SECRET!r})",
    f"duplicate key\nDETAIL:  Key (key_hash)=({SECRET}) already exists.",
    f"null value\nDETAIL:  Failing row contains (1, two\n\nlines, {SECRET}).",
    f"CONTEXT:  unnamed portal parameter $3 = '{SECRET}'",
    f'invalid input syntax for type bigint: "{SECRET}"',
    f"whsec_abc+{SECRET}/{SECRET}=",
    f"the ticket tkt_{SECRET}, {{'ticket': '{SECRET}'}} and ticket={SECRET}",
    f"whsec_{SECRET} and eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.{SECRET}",
]


@pytest.mark.parametrize("text", QUOTED)
def test_what_a_library_quotes_is_taken_out(lines: Lines, text: str) -> None:
    """Query strings, credentials of a URL, headers, fields, and what PostgreSQL quotes of rows."""
    assert SECRET not in redacted(text)
    assert KEY not in redacted(text)
    logger.error("%s", text, extra={"about": text})
    try:
        raise ValueError(text)
    except ValueError:
        logger.exception("It went wrong.")
    assert "It went wrong." in lines.text
    assert SECRET not in lines.text
    assert KEY not in lines.text


@pytest.mark.parametrize(
    "text",
    ["GET /api/v1/me/", "Webhook 5 failed: It answered 500. It is tried again in about 5 s.",
     "The Authorization header must be 'Bearer' and one token.", "What is it? Nothing.",
     "    token = parts[1].decode('latin-1')", "No secure connection: certificate has expired"],
)  # fmt: skip
def test_ordinary_lines_stay_as_they_are(text: str) -> None:
    assert redacted(text) == text


# --- The ways in --------------------------------------------------------------------------------


def fail(request: Any) -> None:
    """As code does that quotes its request."""
    headers, body = dict(request.headers), request.body
    raise RuntimeError(f"{request.get_full_path()} {headers} {body!r} {request!r}")


@pytest.mark.parametrize(
    ("where", "name"), [(TencentView, "initialize_request"), (ReceiptsView, "counts")]
)
def test_a_view_that_fails_logs_no_key(
    service_key: str, lines: Lines, monkeypatch: pytest.MonkeyPatch, where: Any, name: str
) -> None:
    """Tencent's clients send theirs in the address; a 500 logged the request with it."""

    def failing(self: Any, request: Any, *_: Any, **__: Any) -> None:
        fail(getattr(request, "_request", request))

    monkeypatch.setattr(where, name, failing)
    client = Client(raise_request_exception=False)
    headers = {"Api-Token": service_key, "Authorization": "Basic", "Cookie": f"x={service_key}"}
    answer = client.post(
        f"{COUNTS}?usersig={service_key}&random=1",
        {"authToken": service_key},
        content_type="application/json",
        headers=headers,
    )
    assert answer.status_code == 500
    assert "RuntimeError" in lines.text
    assert service_key not in lines.text
    assert "usersig" not in lines.text
    assert service_key not in answer.content.decode()


def test_a_statement_that_fails_logs_no_row(db: None, lines: Lines) -> None:
    """PostgreSQL quotes the whole row, a password's hash and a key's among its columns."""
    backend = User.objects.create_user("shop", is_service=True)
    ServiceKey.issue(user=backend, name="shop", scopes=[])
    same = ServiceKey.objects.get().key_hash
    for broken in ({"key_hash": same}, {"key_hash": f"{same[:-1]}x", "name": None}):
        try:
            with transaction.atomic():
                ServiceKey.objects.create(user=backend, **({"name": "x", "scopes": []} | broken))
        except IntegrityError:
            logger.exception("It could not be stored.")
    assert lines.text.count("IntegrityError") >= 4
    assert same[:-1] not in lines.text
    if connection.vendor == "postgresql":
        assert "DETAIL: …" in lines.text


@pytest.mark.django_db(transaction=ON_POSTGRES)
def test_a_webhook_that_cannot_be_told_logs_no_address(
    lines: Lines, monkeypatch: pytest.MonkeyPatch, message: Message, service_key: str
) -> None:
    """An address may hold a secret, and errors of libraries quote addresses."""
    endpoint = hook("backend", f"https://backend.example/hook?token={SECRET}")

    def broken(url: str, *_: Any, **__: Any) -> None:
        raise RuntimeError(f"no answer from {url}")

    monkeypatch.setattr("receipts.webhooks.delivering.post", broken)
    say(message.sender, message.conversation, "hi")
    deliver(endpoint)
    assert "unexpected error" in lines.text
    assert SECRET not in lines.text


@pytest.fixture
def message(group: Any, alice: User) -> Message:
    return say(alice, group)


def test_libraries_do_not_log_requests_at_debug(lines: Lines) -> None:
    """urllib3 logs each path with its query, Django each statement with its parameters."""
    assert posting.urllib3.connectionpool.log.getEffectiveLevel() >= logging.INFO
    assert logging.getLogger("django.db.backends").getEffectiveLevel() >= logging.INFO
    for name in ("django", "django.server", "uvicorn", "uvicorn.error", "uvicorn.access"):
        handlers = logging.getLogger(name).handlers
        assert [each for each in handlers if "pytest" not in type(each).__module__] == []


# --- Servers ------------------------------------------------------------------------------------


def documented() -> list[str]:
    """How SECURITY.md starts a server with uvicorn's own command."""
    text = (ROOT / "SECURITY.md").read_text().replace("\\\n", " ")
    found = re.search(r"^uvicorn config\.asgi:application .+$", text, re.MULTILINE)
    assert found
    return [sys.executable, "-m", *shlex.split(found[0])]


COMMANDS: dict[str, Callable[[], list[str]]] = {
    "as documented": documented,
    "with uvicorn's access log": lambda: [
        each for each in documented() if each != "--no-access-log"
    ],
    "with uvicorn's trace": lambda: [*documented(), "--access-log", "--log-level", "trace"],
    "serve": lambda: [sys.executable, "manage.py", "serve", "--workers", "2"],
    "make run": lambda: [sys.executable, "manage.py", "demo"],
}


@pytest.mark.parametrize("which", COMMANDS)
def test_no_server_logs_a_query_string(which: str) -> None:
    """Neither Seenby's own lines nor uvicorn's, at any level."""
    port, command = free_port(), COMMANDS[which]()
    with tempfile.TemporaryDirectory(prefix="seenby-") as folder:
        log = Path(folder) / "log"
        variables = {
            "PORT": str(port), "HOST": "127.0.0.1", "UVICORN_PORT": str(port), "HTTPS": "0",
            "DATABASE_URL": f"sqlite:///{folder}/logs.sqlite3", "LOG_LEVEL": "DEBUG",
            "GATEWAYS": "tencent", "DEMO": "1",
        }  # fmt: skip
        environment = os.environ | variables
        migrate = [sys.executable, "manage.py", "migrate", "-v0"]
        subprocess.run(migrate, cwd=ROOT, env=environment, check=True, capture_output=True)
        with log.open("w") as said:
            server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=said, stderr=said)
        try:
            address = f"http://127.0.0.1:{port}"
            wait_until_ready(server, address, log)
            _ask(f"{address}{COUNTS}?usersig={KEY}&random=1", b"{}")
            _ask(f"{address}/api/v1/me/?secret={SECRET}", None)
            _ask(f"{address}/api/v1/events/?ticket=tkt_{SECRET}", None)
        finally:
            stop(server)
        text = log.read_text()
    assert f"POST {COUNTS}" in text
    assert KEY not in text
    assert SECRET not in text
    assert "usersig" not in text


def _ask(url: str, body: bytes | None) -> None:
    request = Request(url, body, {"Authorization": f"Bearer {KEY}", "Content-Type": "text/plain"})
    try:
        urlopen(request, timeout=20).read()
    except HTTPError as error:
        error.close()
