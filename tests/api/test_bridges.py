"""docs/bridges.md: its examples run, against callbacks of each provider's documented shape."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from chat.models import Conversation, Message, User
from receipts.models import MessageStatus
from tests.support.cast import Api

PAGE = Path(__file__).resolve().parents[2] / "docs/bridges.md"
PHONE, OTHER = "4915112345678", "4915187654321"
SENT_AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
UNIX = int(SENT_AT.timestamp())
Code = dict[str, Any]


@pytest.fixture(scope="module")
def code() -> Code:
    """All blocks of the page, as one module."""
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(blocks) == 4
    assert all(len(block.splitlines()) <= 30 for block in blocks)
    names: Code = {}
    exec("\n".join(blocks), names)
    return names


@pytest.fixture
def backend(api: Any, service_key: str) -> Api:
    client: Api = api(service_key)
    return client


@pytest.fixture
def send(backend: Api, alice: User) -> Callable[[str], Message]:
    """Alice sends to two people's phones; each message has the name that the bridge gave it."""
    for phone in (PHONE, OTHER):
        backend.post("/users/", {"username": phone}, status=201)
    body = {
        "kind": "group",
        "external_id": "shop",
        "owner": "alice",
        "participants": [PHONE, OTHER],
    }
    chat = Conversation.objects.get(pk=backend.post("/conversations/", body, status=201)["id"])

    def send(name: str) -> Message:
        body = {"sender": "alice", "body": "Ready.", "external_id": name,
                "sent_at": SENT_AT.isoformat()}  # fmt: skip
        path = f"/conversations/{chat.pk}/messages/"
        return Message.objects.get(pk=backend.post(path, body, status=201)["id"])

    return send


def post(backend: Api, items: Iterable[dict[str, Any]]) -> list[str]:
    results = backend.post("/receipts/", {"receipts": list(items)})["results"]
    return [each["result"] for each in results]


def row(message: Message, phone: str = PHONE) -> tuple[Any, ...]:
    """Minutes from the message to its delivery, read and failure, and the reason."""
    found = MessageStatus.objects.get(message=message, recipient__username=phone)
    times = (found.delivered_at, found.read_at, found.failed_at)
    return (*(at and (at - SENT_AT) / timedelta(minutes=1) for at in times), found.failure_reason)


def whatsapp(*statuses: dict[str, Any]) -> dict[str, Any]:
    """A callback: each status in the shape that the Cloud API documents."""
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "491700000", "phone_number_id": "1"},
        "statuses": list(statuses),
    }
    message = {"from": PHONE, "id": "wamid.in", "timestamp": "1", "type": "text"}
    incoming = {"messaging_product": "whatsapp", "messages": [message]}
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": "1", "changes": [
            {"field": "messages", "value": incoming},
            {"field": "messages", "value": value},
        ]}],
    }  # fmt: skip


def status(name: str, state: str, minute: int, phone: str = PHONE, **more: Any) -> dict[str, Any]:
    return {"id": f"wamid.{name}", "status": state, "timestamp": str(UNIX + 60 * minute),
            "recipient_id": phone, "biz_opaque_callback_data": name, **more}  # fmt: skip


ERROR = {
    "code": 131026, "title": "Message undeliverable", "message": "Message undeliverable",
    "error_data": {"details": "x" * 2_000}, "href": "https://provider.example/codes",
}  # fmt: skip


def test_whatsapps_statuses_are_rows(
    backend: Api, code: Code, send: Callable[[str], Message]
) -> None:
    """Out of order, repeated, and one unknown id among them."""
    first, second = send("order-7"), send("order-8")
    callback = whatsapp(
        status("order-7", "read", 9),
        status("order-7", "delivered", 3),
        status("nobody's", "delivered", 3),
        status("order-7", "sent", 1),
        status("order-7", "failed", 2, OTHER, errors=[ERROR]),
        status("order-8", "failed", 5),
        status("order-8", "warning", 6),
        status("order-8", "delivered", 7, OTHER),
    )
    items = list(code["whatsapp_items"](callback))
    assert post(backend, items) == [
        "applied", "applied", "not_found", "unchanged", "applied", "applied", "applied",
    ]  # fmt: skip
    assert (row(first), row(second)) == ((3, 9, None, None), (None, None, 5, None))
    *times, reason = row(first, OTHER)
    assert (times, len(reason)) == ([None, None, 2], 1_000)
    assert reason.startswith("131026 Message undeliverable xxx")
    assert row(second, OTHER) == (7, None, None, None)
    assert "applied" not in post(backend, items)


def test_whatsapps_own_id_names_a_message_that_was_sent_first(
    backend: Api, code: Code, send: Callable[[str], Message]
) -> None:
    """A callback that comes before the message is stored finds it the next time."""
    told = status("HBgL", "delivered", 3)
    del told["biz_opaque_callback_data"]
    items = list(code["whatsapp_items"](whatsapp(told)))
    assert post(backend, items) == ["not_found"]
    message = send("wamid.HBgL")
    assert post(backend, items) == ["applied"]
    assert row(message) == (3, None, None, None)


def twilio(state: str, **more: str) -> str:
    return urlencode({
        "MessageSid": "SM1", "SmsSid": "SM1", "MessageStatus": state, "SmsStatus": state,
        "To": f"whatsapp:+{PHONE}", "From": "whatsapp:+491700000", "AccountSid": "AC1",
        "ApiVersion": "2010-04-01", **more,
    })  # fmt: skip


def test_twilios_statuses_are_rows(
    backend: Api, code: Code, send: Callable[[str], Message]
) -> None:
    """Without times: another reason replaces the one before; by the address, or Twilio's own id."""
    named, own = send("order-7"), send("SM1")
    read = code["twilio_items"]
    address = "/twilio/?message=order-7"
    for state, code_, result in [
        ("queued", "", "unchanged"), ("undelivered", "30003", "applied"),
        ("undelivered", "30003", "unchanged"), ("failed", "30008", "applied"),
    ]:  # fmt: skip
        more = {"ErrorCode": code_} if code_ else {}
        assert post(backend, read(address, twilio(state, **more))) == [result]
    assert row(named)[3] == "30008"
    assert post(backend, read(address, twilio("read"))) == ["applied"]
    assert (row(named)[1] is not None, row(named)[2:]) == (True, (None, None))
    assert post(backend, read("/twilio/", twilio("delivered"))) == ["applied"]
    assert row(own)[0] is not None
    assert list(read(address, twilio("canceled"))) == []
    assert post(backend, read("/twilio/?message=nobody%27s", twilio("sent"))) == ["not_found"]


def sms(state: str, scts: str, **more: str) -> dict[str, str]:
    return {
        "msisdn": PHONE, "to": "Shop", "network-code": "26201", "messageId": "0A01",
        "price": "0.07", "status": state, "scts": scts, "err-code": "0", "api-key": "abc",
        "message-timestamp": "2026-11-20 12:09:01", **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("state", "expected"),
    [("delivered", (4, None, None, None)), ("DELIVRD", (4, None, None, None)),
     ("UNDELIV", (None, None, 4, "UNDELIV 1")), ("rejected", (None, None, 4, "rejected 1")),
     ("accepted", (None,) * 4), ("unknown", (None,) * 4)],
)  # fmt: skip
def test_an_sms_gateways_reports_are_rows(
    backend: Api, code: Code, send: Callable[[str], Message], state: str, expected: Any
) -> None:
    message, own = send("order-7"), send("0A01")
    told = sms(state, "2611201204", **{"client-ref": "order-7", "err-code": "1"})
    unknown = sms("delivered", "2611201204", messageId="0A02")
    read = code["sms_items"]
    results = post(backend, [*read(unknown), *read(told), *read(sms("delivered", "2611201159"))])
    assert (results[0], results[-1]) == ("not_found", "applied")
    assert row(message) == expected
    assert row(own) == (0, None, None, None)


@pytest.mark.django_db(transaction=True)
def test_the_call_returns_the_results(
    code: Code, send: Callable[[str], Message], service_key: str, live_server: Any
) -> None:
    """Over HTTP, as the page has it."""
    send("order-7")
    code |= {"API": f"{live_server.url}/api/v1", "KEY": service_key}
    told = whatsapp(status("order-7", "delivered", 3), status("order-9", "delivered", 3))
    assert code["report"](list(code["whatsapp_items"](told))) == ["applied", "not_found"]
