"""Errors that are reported to Sentry say where it went wrong, and nothing of anybody's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from config.reporting import written
from tests.support import ROOT

DSN = "http://key@127.0.0.1:9/1"
#: A request that fails with its header, query, body and a name, and what leaves the process.
FAIL = """
import json, logging, sys
import django; django.setup()
import sentry_sdk
from django.db import OperationalError
from django.test import Client
from config import health

sent = []
sentry_sdk.get_client().transport.capture_envelope = sent.append

def fail(connection):
    password, name = "open sesame", "ben"
    raise {error}

health.trouble = fail
client = Client(raise_request_exception=False, SERVER_NAME="localhost")
headers = {{"Authorization": "Bearer sk_0123456789abcdef", "X-Request-ID": "r7", "Cookie": "a=ben"}}
client.generic("GET", "/readyz/?name=ben&usersig=sesame", "body of ben", headers=headers)
logging.getLogger("seenby.x").error("The name %s is taken.", "ben", extra={{"who": "ben"}})
print(json.dumps([item.payload.json for each in sent for item in each.items]))
"""


def reported(error: str) -> list[Any]:
    env = os.environ | {"SENTRY_DSN": DSN, "DEMO": "1", "DATABASE_URL": "sqlite:///:memory:"}
    command = [sys.executable, "-c", FAIL.format(error=error), "forget_user", "ben"]
    run = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    found: list[Any] = json.loads(run.stdout.splitlines()[-1])
    return found


def test_an_error_is_reported_without_names_and_secrets() -> None:
    """Its type, its line, the pattern of the address and the request's id are enough to find it."""
    error, line = reported("RuntimeError(f'no {name!r} for {password!r} at sk_0123456789abcdef')")
    [raised] = error["exception"]["values"]
    assert (raised["type"], raised["value"]) == ("RuntimeError", "no '…' for '…' at sk_…")
    assert raised["stacktrace"]["frames"][-1]["function"] == "fail"
    assert (error["transaction"], error["tags"]) == ("/readyz/", {"request_id": "r7"})
    assert line["logentry"] == {"message": "The name %s is taken."}
    for frame in raised["stacktrace"]["frames"]:
        for source in ("pre_context", "context_line", "post_context"):
            frame.pop(source, None)  # our own code
    text = json.dumps([error, line])
    for secret in ("ben", "sesame", "sk_0", "body of"):
        assert secret not in text


def test_an_outage_is_not_reported() -> None:
    """It would be thousands of reports of one thing that is not ours."""
    [line] = reported("OperationalError('the connection is lost')")
    assert line["logger"] == "seenby.x"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            "duplicate key\nDETAIL:  Key (username)=(ben) already exists.",
            "duplicate key\nDETAIL: …",
        ),
        ('invalid input syntax for type bigint: "ben"', "invalid input syntax for type bigint: …"),
        ("'ben' and \"it's ben\"", "'…' and '…'"),
        ("division by zero", "division by zero"),
    ],
)
def test_what_an_error_quotes_stays_here(error: str, told: str) -> None:
    assert written(error) == told


def test_a_dsn_without_the_package_stops_the_start() -> None:
    """Not the first error that nobody is told of."""
    code = "import sys; sys.modules['sentry_sdk'] = None\nimport django; django.setup()"
    env = os.environ | {"SENTRY_DSN": DSN, "DEMO": "1"}
    run = subprocess.run(
        [sys.executable, "-c", code], env=env, cwd=ROOT, capture_output=True, text=True
    )
    assert run.returncode != 0
    assert "seenby[sentry]" in run.stderr.splitlines()[-1]
