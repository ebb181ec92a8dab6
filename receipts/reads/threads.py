"""Threads: what answers say of messages that are roots or replies, and lists of threads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypedDict, cast

from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from chat.models import Message, Thread, ThreadFollower, User
from chat.names import MessageReference
from receipts.reads.answer_types import ThreadAnswer
from receipts.reads.names import message_id_of
from receipts.reads.selectors import unread
from receipts.rules.rows import MessageRow
from receipts.sql.compiled import CompiledQuery


class RootRow(TypedDict):
    """A message that a reply names as the root of its thread."""

    id: int
    external_id: str | None
    sender_id: int
    #: The root of its own thread, where it is a reply itself.
    thread_id: int | None
    created_at: datetime
    deleted_at: datetime | None


class ThreadRow(TypedDict):
    """A thread, with the user's own part in it, which is null for those who have none."""

    root_id: int
    reply_count: int
    last_reply_id: int | None
    last_reply__external_id: str | None
    last_reply_at: datetime
    unread_replies: int
    is_following: bool | None


@dataclass(frozen=True)
class KnownThreads:
    """The threads of some messages, by their roots, and the names of the roots of replies."""

    rows: Mapping[int, ThreadRow] = field(default_factory=dict)
    names: Mapping[int, str | None] = field(default_factory=dict)
    #: Whether the rows say what the user has unread, and whether they follow.
    are_own: bool = False

    def shape(self, message: MessageRow) -> ThreadAnswer:
        """What answers say of a message's thread."""
        root, row = message["thread_id"], self.rows.get(message["id"])
        own = self.are_own and root is None
        has_last = row is not None and row["last_reply_id"] is not None
        return {
            "thread": root,
            "thread_external_id": None if root is None else self.names.get(root),
            "reply_count": row["reply_count"] if row else 0,
            "last_reply": row["last_reply_id"] if row else None,
            "last_reply_external_id": row["last_reply__external_id"] if row else None,
            "last_reply_at": row["last_reply_at"] if row and has_last else None,
            "unread_replies": (row["unread_replies"] if row else 0) if own else None,
            "following": bool(row and row["is_following"]) if own else None,
        }


NO_THREADS = KnownThreads()

_ROOT = CompiledQuery(
    lambda message, conversation: Message.objects.filter(
        pk=message, conversation=conversation
    ).values(*RootRow.__annotations__),
    message=int,
    conversation=int,
)


def root_row(conversation_id: int, reference: MessageReference) -> RootRow | None:
    """A message of a conversation; None if there is none of this number and name."""
    number = reference.number or message_id_of(str(reference.name))
    row = _ROOT.first(message=number, conversation=conversation_id)
    if row is not None and reference.name not in (None, row["external_id"]):
        return None
    return cast("RootRow | None", row)


def threads_of(messages: Iterable[MessageRow], user: User | None = None) -> KnownThreads:
    """What is known of the threads of these messages; with ``user``, of their own part in them.

    At most two statements, and none where no conversation of theirs has threads.
    """
    rows = [row for row in messages if row["conversation__has_threads"]]
    if not rows:
        return KnownThreads(are_own=_takes_part(user))
    roots = {row["id"]: row["conversation_id"] for row in rows if row["thread_id"] is None}
    named = {row["thread_id"]: row["conversation_id"] for row in rows if row["thread_id"]}
    found: dict[int, ThreadRow] = {}
    if roots:
        threads = Thread.objects.filter(root__in=roots, conversation__in=set(roots.values()))
        found = {row["root_id"]: row for row in _rows(threads, user)}
    names: dict[int, str | None] = {}
    if named:
        messages_named = Message.objects.filter(
            pk__in=named, conversation__in=set(named.values()), external_id__isnull=False
        )
        names = dict(messages_named.values_list("pk", "external_id"))
    return KnownThreads(found, names, are_own=_takes_part(user))


def _takes_part(user: User | None) -> bool:
    """Whether somebody may have a part of their own in conversations."""
    return user is not None and not user.is_service


def _rows(threads: QuerySet[Thread], user: User | None) -> Iterable[ThreadRow]:
    return cast(
        "Iterable[ThreadRow]",
        threads.annotate(
            unread_replies=Coalesce(Subquery(_unread_replies(user)), 0),
            is_following=Subquery(_followers(user).values("is_following")[:1]),
        ).values(*ThreadRow.__annotations__),
    )


def _followers(user: User | None) -> QuerySet[ThreadFollower]:
    return ThreadFollower.objects.filter(
        conversation=OuterRef("conversation"), root=OuterRef("root"), user=user
    )


def _unread_replies(user: User | None) -> Any:
    rows = _unread_in_thread(user).order_by().values("thread")
    return rows.annotate(count=Count("*")).values("count")


def _unread_in_thread(user: User | None) -> Any:
    return unread().filter(
        recipient=user, conversation=OuterRef("conversation"), thread=OuterRef("root")
    )


def threads_in(conversation_id: int) -> QuerySet[Thread]:
    """The threads of a conversation that have replies."""
    return Thread.objects.filter(conversation=conversation_id, reply_count__gt=0)


def with_unread(threads: QuerySet[Thread], user: User, *, unread: bool) -> QuerySet[Thread]:
    """Those in which a user has unread replies, or has none."""
    has_unread = Exists(_unread_in_thread(user))
    return threads.filter(has_unread if unread else ~has_unread)


def followed(threads: QuerySet[Thread], user: User, *, following: bool) -> QuerySet[Thread]:
    """Those that a user follows, or does not."""
    follows = Exists(_followers(user).filter(is_following=True))
    return threads.filter(follows if following else ~follows)
