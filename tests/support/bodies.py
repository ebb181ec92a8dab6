"""What each endpoint of the API accepts in its body, and what it refuses, field by field."""

from __future__ import annotations

from typing import Any

# Invalid values of each kind of field.
FLAG = ["true", "", 1, 0, 1.5, None, [], {}]
WORD = ["", "nobody", "every\x00one", True, 5, 1.5, None, [], {}]
LONG_TEXT = ["", "x" * 2_001, "a\x00b", True, 5, 1.5, None, [], {}]
TEXT = ["a\x00b", True, 5, 1.5, None, [], {}]
TEXT_OR_NULL = ["", "a\x00b", "a\nb", "x" * 256, True, 5, 1.5, [], {}]
URL = ["not an address", "https://a\x00b/", "javascript:alert(1)", *TEXT]
WEBHOOK_URL = [
    "http://backend.example/", "https://127.0.0.1/", "https://[::1]/", "https://10.0.0.8/",
    "https://169.254.169.254/", "https://u:p@backend.example/", "https://", "https://127.1/",
    "https://localhost/", "https://backend.example:0/", "https://backend.example:99999/", *URL,
]  # fmt: skip
KINDS = ["receipt.updated", 5, None, {}, [None], ["nothing"], ["conversation.read"], [["x"]]]
NAME = ["", "..", "a\nb", " ", "x" * 256, *TEXT]
NAMES = ["bob", 5, None, {}, [None], ["bob", 5], [["bob"]], ["nobody"], ["b\x00b"], ["bob", ""]]
ID = [0, -1, 2**63, 2**64, 10**30, 1.0, "1", True, [], {}]
LINE = [*ID, "", "Main", "ext:m"]
TIME = [
    "", "soon", "2026-11-21", "2026-11-21T09:30:00", "2026-13-01T00:00:00Z", "2026-11-21T25:00:00Z",
    "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "2026-11-21T09:30:00\x00Z",
    1800000000, -1, 1.5, True, None, [], {},
]  # fmt: skip

PROFILE = {"display_name": [*TEXT, "x" * 201], "avatar_url": URL, "read_receipts_enabled": FLAG,
           "delivery_receipts_enabled": FLAG}  # fmt: skip
CONVERSATION = {
    "title": [*TEXT, "x" * 256], "receipt_policy": WORD, "receipts_visible_to": WORD,
    "thread_recipients": WORD,
}  # fmt: skip
MARK = {"at": TIME, "user": NAME}
READ = {"private": FLAG, **MARK}
UP_TO = {"up_to_message": ID, "thread": LINE}
MESSAGE = {
    "body": ["", *TEXT], "client_id": TEXT_OR_NULL, "request_receipts": FLAG, "mark_read": FLAG,
    "sender": NAME, "sent_at": [*TIME, "2999-01-01T00:00:00Z"], "thread": ID,
}  # fmt: skip

#: Stands for the id of the existing message.
MESSAGE_ID = object()

#: The callers, a valid body with all required fields, and each field's invalid values.
ENDPOINTS: dict[str, tuple[str, dict[str, Any], dict[str, list[Any]]]] = {
    "POST /users/": ("backend", {"username": "erin"}, {"username": NAME, **PROFILE}),
    "PATCH /users/{username}/": ("backend", {}, {"is_active": FLAG, **PROFILE}),
    "POST /users/{username}/tokens/": ("backend", {}, {}),
    "POST /events/ticket/": ("bob", {}, {}),
    "PATCH /me/": ("bob", {}, PROFILE),
    "POST /conversations/": (
        "backend",
        {"kind": "group", "participants": ["bob"]},
        {"kind": WORD, "participants": NAMES, "external_id": TEXT_OR_NULL,
         "owner": [*NAME, "nobody"], **CONVERSATION},
    ),
    "PUT /conversations/by-members/": (
        "backend", {"members": ["alice", "bob"]},
        {"members": [*NAMES, [], ["bob"], ["bob"] * 3], "external_id": TEXT_OR_NULL},
    ),
    "PATCH /conversations/{id}/": ("alice", {}, CONVERSATION),
    "POST /conversations/{id}/participants/": (
        "alice", {"user": "dave"}, {"user": [*NAME, "nobody"], "role": WORD},
    ),
    "PATCH /conversations/{id}/participants/{username}/": (
        "alice", {}, {"role": WORD, "muted": FLAG, "banned": FLAG, "notifications": WORD},
    ),
    "POST /conversations/{id}/messages/": ("backend", {"body": "hi", "sender": "alice"}, MESSAGE),
    "POST /conversations/{id}/mark-delivered/": ("bob", {}, {**UP_TO, **MARK}),
    "POST /conversations/{id}/mark-read/": ("bob", {}, {**UP_TO, **READ}),
    "POST /conversations/{id}/mark-unread/": (
        "bob", {"from_message": MESSAGE_ID},
        {"from_message": [*ID, None], "thread": LINE, "user": NAME},
    ),
    "POST /me/mark-delivered/": ("bob", {}, {"user": NAME}),
    "POST /me/mark-read/": ("bob", {}, {"user": NAME, "private": FLAG}),
    "POST /me/retract-receipts/": ("bob", {}, {"user": NAME}),
    "PATCH /messages/{id}/": ("alice", {"body": "hello again"}, {"body": ["", *TEXT]}),
    "POST /messages/{id}/delivered/": ("bob", {}, MARK),
    "POST /messages/{id}/read/": ("bob", {}, {"content": LONG_TEXT, **READ}),
    "POST /messages/{id}/failed/": (
        "backend", {"user": "bob"},
        {"reason": ["a\x00b", True, 5, 1.5, [], {}], "user": [*NAME, "nobody"], "at": TIME},
    ),
    "POST /messages/{id}/follow/": ("bob", {}, {"user": NAME}),
    "POST /messages/{id}/unfollow/": ("bob", {}, {"user": NAME}),
    "POST /messages/{id}/restore/": ("backend", {}, {}),
    "POST /receipts/": (
        "bob", {"receipts": []}, {"receipts": [{}, "", 1, True, None, [{}] * 1_001]},
    ),
    "POST /webhooks/": (
        "backend", {"url": "https://backend.example/"}, {"url": WEBHOOK_URL, "kinds": KINDS},
    ),
    "PATCH /webhooks/{id}/": (
        "backend", {},
        {"url": WEBHOOK_URL, "kinds": KINDS, "is_active": FLAG},
    ),
    "POST /webhooks/{id}/ping/": ("backend", {}, {}),
    "POST /webhooks/{id}/rotate-secret/": (
        "backend", {}, {"overlap_hours": [-1, 169, 1.5, "day", [], {}, None, 10**30]},
    ),
}  # fmt: skip

#: The invalid values of an item of ``POST /receipts/``; null counts as absent.
ITEM = {
    "message": [*ID, None], "state": WORD, "user": [*NAME, "alice"], "private": FLAG,
    "content": LONG_TEXT, "at": TIME, "reason": ["off"],
}  # fmt: skip
