"""What a server of several workers writes: JSON alone, with the address of each client."""

from __future__ import annotations

import json
from urllib.request import Request, urlopen

import pytest

from tests.support.live import Serve

pytestmark = pytest.mark.django_db(transaction=True)


def test_every_line_is_json_from_the_first_to_the_last(serve: Serve, service_key: str) -> None:
    """The parent's and uvicorn's too; behind a proxy that it knows, the client is the proxy's."""
    server = serve(WORKERS=2, LOG_FORMAT="json", FORWARDED_ALLOW_IPS="127.0.0.1")
    headers = {"Authorization": f"Bearer {service_key}", "X-Forwarded-For": "192.0.2.7"}
    for path in ("/api/v1/users/", "/readyz/"):
        address = f"http://127.0.0.1:{server.port}{path}"
        with urlopen(Request(address, headers=headers), timeout=60) as answer:
            assert answer.status == 200
    server.stop()
    lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    said = {line["message"].partition(" [")[0] for line in lines}
    assert {"Started parent process", "Started server process", "Finished server process"} <= said
    requests = {line["message"]: line["client"] for line in lines if "client" in line}
    assert requests == {"GET /api/v1/users/": "192.0.2.7", "GET /readyz/": "192.0.2.7"}
