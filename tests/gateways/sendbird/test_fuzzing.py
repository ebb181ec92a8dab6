"""Whatever is sent to Sendbird's paths: a result, or an error in Sendbird's shape."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chat.models import Conversation, User
from tests.support.cast import say
from tests.support.sendbird import Sendbird, routes

FIELDS = [
    "user_id",
    "nickname",
    "profile_url",
    "issue_access_token",
    "users",
    "user_ids",
    "channel_url",
    "name",
    "operator_ids",
    "message",
    "message_type",
    "message_id",
    "dedup_id",
    "created_at",
    "mark_as_read",
    "parent_message_id",
    "timestamp",
    "is_excluded",
    "channel_urls",
    "should_leave_all",
]
PARAMETERS = [
    "token",
    "limit",
    "order",
    "show_member",
    "show_read_receipt",
    "show_delivery_receipt",
    "user_id",
    "channel_urls",
    "members_include_in",
    "name_contains",
    "show_empty",
    "member_state_filter",
    "unread_filter",
    "message_ts",
    "message_id",
    "prev_limit",
    "next_limit",
    "include",
    "reverse",
    "including_removed",
    "parent_message_id",
    "include_reply_type",
    "include_replies",
    "include_thread_info",
    "include_parent_message_info",
    "item_keys",
    "user_ids",
    "include_unread_count",
]
ODD = st.one_of(
    st.sampled_from(["alice", "bob", "nobody", "ch1", "", "MESG", 0, 1, -1, 2**63, True, None]),
    st.text(max_size=8).filter(lambda text: text.isprintable()),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.lists(st.sampled_from(["alice", "bob", 5, None, {}, {"user_id": "bob"}]), max_size=3),
    st.dictionaries(st.sampled_from(["user_id", "x"]), st.none() | st.text(max_size=3), max_size=2),
)


@pytest.mark.parametrize(("method", "route"), sorted(set(routes())))
@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    body=st.dictionaries(st.sampled_from(FIELDS), ODD, max_size=5) | ODD,
    query=st.dictionaries(st.sampled_from(PARAMETERS), ODD, max_size=4),
    named=st.tuples(
        st.sampled_from(["ch1", "missing", "a/b%", "é"]), st.sampled_from(["bob", "x"])
    ),
)
def test_nothing_breaks_it(
    sendbird: Sendbird,
    group: Conversation,
    alice: User,
    method: str,
    route: str,
    body: Any,
    query: dict[str, Any],
    named: tuple[str, str],
) -> None:
    """HTTP 200 with an object, or HTTP 400 with a code."""
    with transaction.atomic():  # so that what one example deletes is there for the next
        Conversation.objects.filter(pk=group.pk).update(external_id="ch1")
        message = say(alice, group)
        parts = {"channel_url": named[0], "user_id": named[1], "message_id": str(message.pk)}
        path = route.format(**{name: quote(part, safe="") for name, part in parts.items()})
        response = sendbird.client.generic(
            method,
            f"/v3{path}?{urlencode(query)}",
            b"" if method == "GET" else json.dumps(body),
            content_type="application/json",
            headers=sendbird.headers,
        )
        transaction.set_rollback(True)
    answer = response.json()
    assert isinstance(answer, dict)
    if response.status_code != 200:
        assert (response.status_code, answer["error"]) == (400, True), answer
        assert 400100 <= answer["code"] < 400400
