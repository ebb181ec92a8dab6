"""What a bad request costs: an answer no larger than itself, and no work on what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from chat.models import Conversation, User
from tests.support.cast import say
from tests.support.errors import by_field, check_error

#: Bytes that a vendor's answer may be larger than its request.
ALLOWANCE = 1_000
#: Ours lists errors with their codes, too.
NATIVE_ALLOWANCE = 2_500
MORE = ["Only some of the errors are listed, at most 20."]
LONG = "x" * 50_000
GROUP = {"kind": "group", "participants": ["bob"]}

#: Method and address, and a body that is wrong in very many ways, or at great length.
NATIVE: dict[str, tuple[str, Any]] = {
    "too many items": ("POST /conversations/", {**GROUP, "participants": list(range(100_000))}),
    "many wrong items": ("POST /conversations/", {**GROUP, "participants": [1] * 10_000}),
    "many unknown people": (
        "POST /conversations/", {**GROUP, "participants": [f"no{n}" for n in range(10_000)]}
    ),
    "some unknown people": (
        "POST /conversations/", {**GROUP, "participants": [f"no{n}" for n in range(30)]}
    ),
    "people with odd names": (
        "POST /conversations/", {**GROUP, "participants": ["\ufeff" * 150 for n in range(100)]}
    ),
    "many unknown fields": ("POST /conversations/", {f"f{n}": 1 for n in range(50_000)}),
    "a long unknown field": ("POST /conversations/", {LONG: 1}),
    "a long word": ("POST /conversations/", {**GROUP, "kind": LONG}),
    "a wide word": ("POST /conversations/", {**GROUP, "kind": "\U0001f600" * 300}),
    "a wide unknown field": ("POST /conversations/", {**GROUP, "\U0001f600" * 300: 1}),
    "a large word": ("POST /conversations/", {**GROUP, "kind": [LONG]}),
    "a deep word": ("POST /conversations/", b'{"kind": ' + b"[" * 900 + b"]" * 900 + b"}"),
    "many kinds": ("POST /webhooks/", {"url": "https://a.example/", "kinds": ["x"] * 100_000}),
    "long kinds": ("POST /webhooks/", {"url": "https://a.example/", "kinds": [LONG] * 4}),
    "a long batch": ("POST /receipts/", {"receipts": [1] * 100_000}),
    "many unknown parameters": (
        "GET /users/?" + "&".join(f"p{n}=1" for n in range(900)), None
    ),
    "more parameters than are read": (
        "GET /users/?" + "&".join(f"p{n}" for n in range(1_100)), None
    ),
    "a long message id": (f"GET /receipts/?messages={LONG}", None),
    "many message ids": ("GET /receipts/?messages=" + ",".join("1" * 20_000), None),
    "long digits": (f"GET /receipts/?messages={'9' * 20_000}", None),
    "a long cursor": (f"GET /users/?cursor={LONG}", None),
    "a long limit": (f"GET /users/?limit={'9' * 20_000}", None),
    "a long day": (f"GET /insights/?from={LONG}", None),
    "a long cursor of the feed": (f"GET /events/?after={LONG}", None),
}  # fmt: skip


def size(method_and_address: str, content: bytes) -> int:
    return len(method_and_address.split()[1]) + len(content)


@pytest.mark.parametrize("case", NATIVE)
def test_the_answer_to_a_bad_request_is_no_larger_than_the_request(
    service_key: str, bob: User, case: str
) -> None:
    """And it lists at most 20 errors."""
    (label, body), client = NATIVE[case], Client(raise_request_exception=False)
    content = (
        b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    )
    method, address = label.split()
    answer = client.generic(
        method, f"/api/v1{address}", content, content_type="application/json",
        headers={"Authorization": f"Bearer {service_key}"},
    )  # fmt: skip
    assert answer.status_code == 400, answer.content[:500]
    assert len(answer.content) <= size(label, content) + NATIVE_ALLOWANCE
    told = answer.json()
    check_error(400, told)
    assert leaves(by_field(told)) == len(told.get("errors", "dc")) <= 21


def leaves(errors: Any) -> int:
    if isinstance(errors, dict | list):
        return sum(map(leaves, errors.values() if isinstance(errors, dict) else errors))
    return 1


def test_the_length_of_a_list_is_checked_before_its_items(
    api: Any, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Items of a list that is too long are not looked at."""
    looked_at: list[Any] = []
    validate = "rest_framework.serializers.CharField.to_internal_value"
    monkeypatch.setattr(validate, lambda self, data: looked_at.append(data))
    refused = api(alice).post("/conversations/", {**GROUP, "participants": ["a"] * 10_001}, 400)
    assert list(refused) == ["participants"]
    assert "a" not in looked_at


def test_no_more_items_are_checked_than_errors_are_listed(api: Any, alice: User) -> None:
    """At most 20 errors, and that there are more is said."""
    refused = api(alice).post("/conversations/", {**GROUP, "participants": [1] * 10_000}, 400)
    assert list(refused["participants"]) == [str(n) for n in range(20)]
    assert refused["non_field_errors"] == MORE
    some = api(alice).post("/conversations/", {**GROUP, "participants": [1] * 20}, 400)
    assert list(some) == ["participants"]


def test_a_batch_tells_twenty_errors_and_a_result_for_each_item(
    api: Any, group: Conversation, alice: User, bob: User
) -> None:
    """An item of a few bytes is not answered with hundreds."""
    good = {"message": say(alice, group).pk, "state": "read"}
    items = [*[{"x": 1}] * 998, good]
    results = api(bob).post("/receipts/", {"receipts": items})["results"]
    assert [each["result"] for each in results] == [*["invalid"] * 998, "applied"]
    assert sum(len(each.get("errors", ())) for each in results) == 20


def test_an_item_of_a_batch_tells_no_endless_names(api: Any, bob: User) -> None:
    item = {**{f"n{n}": 1 for n in range(1_000)}, LONG: 1}
    ((result),) = api(bob).post("/receipts/", {"receipts": [item]})["results"]
    assert len(result["errors"]) == 20
    long = api(bob).post("/receipts/", {"receipts": [{LONG: 1}]})["results"][0]["errors"]
    assert max(map(len, long)) <= 200


# --- Vendors' addresses ---------------------------------------------------------------------------

MANY = "&".join(f"p{n}=1" for n in range(1_100))
SENDBIRD = [
    ("POST /v3/group_channels", {"user_ids": [str(n) for n in range(70_000)]}),
    ("POST /v3/group_channels", {"users": [{"user_id": str(n)} for n in range(20_000)]}),
    ("POST /v3/group_channels", {"operator_ids": [str(n) for n in range(70_000)]}),
    ("POST /v3/users", {"user_id": LONG}),
    (f"GET /v3/group_channels?{MANY}", None),
    (f"GET /v3/group_channels?order={LONG}", None),
    (f"GET /v3/group_channels?limit={'9' * 5_000}", None),
    ("GET /v3/group_channels?members_include_in=" + ",".join(map(str, range(5_000))), None),
    (f"GET /v3/users/bob/unread_item_count?item_keys={LONG}", None),
    ("PUT /v3/users/bob/mark_as_read_all", {"channel_urls": [str(n) for n in range(70_000)]}),
]
FEED = "/api/v1/markers/message-feeds/1"
SOCIALPLUS = [
    ("POST /api/v5/messages", {"messageFeedId": "FEED", **{f"f{n}": 1 for n in range(20_000)}}),
    ("POST /api/v5/messages", {"messageFeedId": "FEED", LONG: 1}),
    (f"GET /api/v5/messages?{MANY}", None),
    (f"GET /api/v5/messages?messageFeedId=FEED&options[limit]={'9' * 5_000}", None),
    (f"GET /api/v5/messages?messageFeedId=FEED&options[token]={quote(LONG)}", None),
    ("GET /api/v1/markers/messages?" + "&".join(["messageIds[]=1"] * 900), None),
    (f"PUT {FEED}/mark-read", {"readToSegment": LONG}),
    (f"PUT {FEED}/mark-delivering", {"messageId": LONG}),
]
TENCENT_URL = "POST /v4/group_open_http_svc/get_group_msg_receipt"
TENCENT = [
    (TENCENT_URL, {f"f{n}": 1 for n in range(20_000)}),
    (TENCENT_URL, {"GroupId": "1", "MsgSeqList": [1] * 100_000}),
    (f"{TENCENT_URL}?{MANY}", {}),
    (f"{TENCENT_URL}?{LONG}=1", {}),
]
AGORA_URL = "GET /org/app/chatgroups/1/acks/1"
AGORA = [(f"{AGORA_URL}?{MANY}", None), (f"{AGORA_URL}?key={LONG}", None),
         (f"{AGORA_URL}?limit={'9' * 5_000}", None), (f"{AGORA_URL}?{LONG}=1", None)]  # fmt: skip


@pytest.mark.parametrize(
    ("vendor", "label", "body"),
    [
        (name, *each)
        for name, cases in (("sendbird", SENDBIRD), ("socialplus", SOCIALPLUS),
                            ("tencent", TENCENT), ("agora", AGORA))
        for each in cases
    ],
    ids=lambda value: str(value)[:40],
)  # fmt: skip
def test_a_vendors_refusal_is_a_400_no_larger_than_the_request(
    ask: Callable[..., Any], vendor: str, label: str, body: Any
) -> None:
    """In the vendor's own shape; none is a 500."""
    content = b"" if body is None else json.dumps(body).encode()
    answer = ask(vendor, label, content)
    assert len(answer.content) <= size(label, content) + ALLOWANCE
    told = answer.json()
    if vendor == "sendbird":
        assert (answer.status_code, told.keys()) == (400, {"error", "code", "message"})
    elif vendor == "socialplus":
        assert (answer.status_code, told["status"]) == (400, "error")
    elif vendor == "tencent":
        assert (answer.status_code, told["ActionStatus"], told["ErrorCode"]) == (200, "FAIL", 10004)
    else:
        assert (answer.status_code, told["error"]) == (400, "illegal_argument")


@pytest.fixture
def ask(service_key: str, group: Conversation) -> Callable[..., Any]:
    """Calls a vendor's address with the backend's key."""
    headers = {"Authorization": f"Bearer {service_key}", "Api-Token": service_key}

    def asking(vendor: str, label: str, content: bytes) -> Any:
        method, address = label.replace("FEED", str(group.pk)).split()
        content = content.replace(b"FEED", b"%d" % group.pk)
        client = Client(raise_request_exception=False)
        return client.generic(
            method, address, content, content_type="application/json", headers=headers
        )

    return asking
