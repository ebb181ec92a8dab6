"""One worker delivers a backlog of events to backends that accept everything at once."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from django.conf import settings

from benchmarks.processes import cpu_seconds, postmaster
from benchmarks.timing import Rival, ratios, seconds, spread, take_turns
from benchmarks.world import World, execute
from chat.models import User
from receipts.feed.positions import newest_position
from receipts.models import ReceiptEvent, WebhookEndpoint
from receipts.webhooks import connections, offering, posting
from receipts.webhooks.delivering import due, has_news
from receipts.webhooks.working import Worker
from tests.support.authority import Authority

RECIPIENTS = 20
MESSAGES = 200
ROUNDS = 3
#: Posts and deliveries of a round over TLS, and a body of one event.
POSTS, DELIVERIES, TLS_ROUNDS = 200, 60, 7
BODY = b'{"events": [' + b"x" * 700 + b"]}"

#: Each recipient reads each message, one mark at a time: one event each.
READS = """
    INSERT INTO receipts_receiptevent
           (xid, kind, audience_id, conversation_id, actor_id, state, is_delivery, messages,
            message_count, first_message, created_at)
    SELECT CAST(CAST(pg_current_xact_id() AS text) AS bigint), 'receipt.updated', message.sender_id,
           message.conversation_id, status.recipient_id, 'read', TRUE,
           jsonb_build_array(message.id), 1, message.id, now()
      FROM chat_message AS message
      JOIN receipts_messagestatus AS status ON status.message_id = message.id
     ORDER BY message.id, status.recipient_id"""
#: Events of sent messages, at most the given number.
SENT = """
    INSERT INTO receipts_receiptevent
           (xid, kind, conversation_id, is_delivery, messages, message_count, first_message,
            created_at)
    SELECT CAST(CAST(pg_current_xact_id() AS text) AS bigint), 'message.created',
           message.conversation_id, FALSE, jsonb_build_array(message.id), 1, message.id, now()
      FROM chat_message AS message, generate_series(1, 20)
     ORDER BY message.id LIMIT %s"""


def run() -> None:
    """Reads, which are coalesced; messages, which are not; and single events."""
    settings.WEBHOOKS_ALLOW_PRIVATE = True
    World(RECIPIENTS).say(MESSAGES)
    with receiver() as url:
        for endpoints, to in ((1, "to one"), (10, "to ten")):
            _measure(f"reads, {to}", url, endpoints, READS, [])
            _measure(f"messages, {to}", url, endpoints, SENT, [4_000])
            at_once, offering.EVENTS_PER_DELIVERY = offering.EVENTS_PER_DELIVERY, 1
            _measure(f"one by one, {to}", url, endpoints, SENT, [60])
            offering.EVENTS_PER_DELIVERY = at_once
            _idle(f"a look, {to}")
    _over_tls()


def _over_tls() -> None:
    """Single events over TLS, on a new connection each and on one that is kept, in turns."""
    with TemporaryDirectory() as folder:
        authority = Authority(Path(folder))
        context, trusted = authority.client(), posting.tls
        posting.tls = lambda: context  # type: ignore[assignment]
        try:
            with receiver(str(authority.certificate("127.0.0.1"))) as url:
                _compare("posts over TLS", POSTS, lambda number: seconds(lambda: _post(url)))
                _compare("deliveries over TLS", DELIVERIES, lambda number: _deliver(url))
        finally:
            posting.tls = trusted
            posting.lines.close()


def _compare(label: str, count: int, run: Rival) -> None:
    def anew(number: int) -> float:
        kept, connections.MOST_IDLE = connections.MOST_IDLE, 0
        try:
            posting.lines.close()
            return run(number)
        finally:
            connections.MOST_IDLE = kept

    taken = take_turns({"anew": anew, "kept": run}, rounds=TLS_ROUNDS, budget=60)
    for name, each in taken.items():
        print(
            f"  {label}, {name:4} {spread([count / one for one in each], 0)} a second", flush=True
        )
    print(f"  {label}, kept / anew {spread(ratios(taken['anew'], taken['kept']))}", flush=True)


def _post(url: str) -> None:
    """Deliveries without a database."""
    secret = WebhookEndpoint().secret
    for number in range(POSTS):
        posting.post(url, [secret], f"{number}", BODY)


def _deliver(url: str) -> float:
    """The whole way of a worker, one event a delivery."""
    at_once, offering.EVENTS_PER_DELIVERY = offering.EVENTS_PER_DELIVERY, 1
    try:
        _register(url, 1)
        execute(SENT, [DELIVERIES])
        taken = seconds(lambda: Worker().run_once())
        assert not WebhookEndpoint.objects.filter(failures__gt=0).exists()
        assert not any(map(has_news, due()))
        return taken
    finally:
        offering.EVENTS_PER_DELIVERY = at_once


@contextmanager
def receiver(*certificate: str) -> Iterator[str]:
    """The address of a backend; with a certificate it speaks TLS."""
    command = [sys.executable, "-m", "benchmarks.receiver", *certificate]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        scheme = "https" if certificate else "http"
        yield f"{scheme}://127.0.0.1:{process.stdout.readline().strip()}/hook"
        process.stdin.close()


def _measure(label: str, url: str, endpoints: int, events: str, params: list[int]) -> None:
    database, rates, deliveries, own, theirs = postmaster(), [], [], [], []
    for _ in range(ROUNDS):
        _register(url, endpoints)
        execute(events, params)
        count = ReceiptEvent.objects.count() * endpoints
        cpu, other = time.process_time(), cpu_seconds(database) if database else 0.0
        started = time.perf_counter()
        delivered = Worker().run_once()
        took = time.perf_counter() - started
        assert not any(map(has_news, due()))
        assert not WebhookEndpoint.objects.filter(failures__gt=0).exists()
        rates.append(count / took)
        deliveries.append(delivered / took)
        own.append((time.process_time() - cpu) / delivered * 1000)
        theirs.append(((cpu_seconds(database) if database else 0.0) - other) / delivered * 1000)
    print(
        f"  {label:20} {spread(rates, 0)} events/s; {spread(deliveries, 0)} deliveries/s;"
        f" CPU ms a delivery {spread(own)} + {spread(theirs)} in PostgreSQL",
        flush=True,
    )


def _idle(label: str) -> None:
    """Cost of a poll when nothing has happened."""
    looks = []
    for _ in range(50):
        started = time.perf_counter()
        assert not any(map(has_news, due()))
        looks.append((time.perf_counter() - started) * 1000)
    print(f"  {label:20} {spread(looks, 1)} ms", flush=True)


def _register(url: str, endpoints: int) -> None:
    execute("TRUNCATE receipts_receiptevent, receipts_webhookendpoint RESTART IDENTITY")
    owner, _ = User.objects.get_or_create(username="bench-backend", is_service=True)
    cursor = newest_position().cursor(owner.username)
    WebhookEndpoint.objects.bulk_create(
        WebhookEndpoint(owner=owner, url=f"{url}/{number}", cursor=cursor)
        for number in range(endpoints)
    )
