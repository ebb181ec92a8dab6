"""MQTT's topics as the SDK names them: whom they are about, and who may hear of that.

What is pushed does not depend on them: every connection gets what its user may see. The SDK does
not repeat its subscriptions after a reconnect, and finds what an event is about in its payload.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.http import Http404

from chat.models import User
from receipts.gateways.frame import conversation_named

#: The first part of all topics: the installation, of which there is one.
NETWORK = "net-1"


def path_of_user(pk: int) -> str:
    """A user's ``path``, from which the SDK makes topics."""
    return f"{NETWORK}/user/{pk}"


def path_of_feed(feed: str) -> str:
    """A feed's ``path``; its channel has the same name."""
    return f"{NETWORK}/channel/{feed}/messagefeed/{feed}"


def messages_topic(pk: int) -> str:
    """Of messages in all feeds of a user."""
    return f"{NETWORK}/smartfeed/{pk}/messages"


def markers_topic(pk: int) -> str:
    """Of markers that concern a user."""
    return f"{NETWORK}/marker/user/{pk}"


def own_topics(pk: int) -> frozenset[str]:
    """What the SDK subscribes to by itself, right after each login."""
    smart = f"{NETWORK}/smartfeed/{pk}"
    feeds = (f"{smart}/channels", f"{smart}/messagefeeds", messages_topic(pk))
    return frozenset({NETWORK, path_of_user(pk), markers_topic(pk), *feeds})


_NAME = "(?P<feed>.+)"
#: Of one feed: its markers, its messages and those of its channel. Names may contain slashes.
_OF_A_FEED = [
    re.compile(pattern, re.DOTALL)
    for pattern in (
        f"{NETWORK}/marker/channel/{_NAME}/message/(?P=feed)",
        f"{NETWORK}/channel/{_NAME}/messagefeed/(?P=feed)(?:/#|/message/[0-9]+)?",
        f"{NETWORK}/channel/{_NAME}/#",
    )
]


def visible_topics(user: User, topics: Iterable[str]) -> frozenset[str]:
    """Those of these topics that are about a feed that ``user`` can see."""
    return frozenset(topic for topic in topics if _is_visible(user, topic))


def _is_visible(user: User, topic: str) -> bool:
    matches = (pattern.fullmatch(topic) for pattern in _OF_A_FEED)
    match = next((each for each in matches if each), None)
    if match is None:
        return False
    try:
        conversation_named(user, match["feed"])
    except Http404:
        return False
    return True
