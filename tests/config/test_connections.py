"""A server's connections to PostgreSQL: one that has ended is replaced before it is used."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from urllib.request import Request, urlopen

import pytest

from tests.support.live import Serve, end_sessions

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def test_a_restart_of_postgresql_between_requests_fails_none(
    database: str, serve: Serve, service_key: str
) -> None:
    """As many connections as there are threads were open; each is noticed without a query."""
    server = serve(SERVER_THREADS=4, DATABASE_URL=f"{database}?application_name=served")

    def status_of_one(_: int) -> int:
        address = f"http://127.0.0.1:{server.port}/api/v1/conversations/"
        request = Request(address, headers={"Authorization": f"Bearer {service_key}"})
        with urlopen(request, timeout=60) as answer:
            return int(answer.status)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(status_of_one, range(32))) == {200}
        assert end_sessions(database) > 0
        assert set(pool.map(status_of_one, range(32))) == {200}
    assert "Traceback" not in server.log.read_text()


def test_threads_share_a_pool_of_fewer_connections(
    database: str, serve: Serve, service_key: str
) -> None:
    """A thread puts its connection back after each request: others wait for it."""
    server = serve(SERVER_THREADS=4, DB_POOL_MAX=1, DATABASE_URL=database)
    address = f"http://127.0.0.1:{server.port}/api/v1/conversations/"

    def status_of_one(_: int) -> int:
        request = Request(address, headers={"Authorization": f"Bearer {service_key}"})
        with urlopen(request, timeout=60) as answer:
            return int(answer.status)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(status_of_one, range(32))) == {200}
