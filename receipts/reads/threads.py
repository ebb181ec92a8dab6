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
from chat.sql.compiled import CompiledQuery
from receipts.models import MessageStatus
from receipts.reads.answer_types import ThreadAnswer
from receipts.reads.names import message_id_of
from receipts.reads.selectors import unread
from receipts.rules.rows import MessageRow


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
    last_reply_at: datetime
    unread_replies: int
    is_following: bool | None


@dataclass(frozen=True)
class KnownThreads:
    """The threads of some messages, by their roots, and the names of roots and of last replies."""

    rows: Mapping[int, ThreadRow] = field(default_factory=dict)
    names: Mapping[int, str | None] = field(default_factory=dict)
    #: Whether the rows say what the user has unread, and whether they follow.
    are_own: bool = False

    def shape(self, message: MessageRow) -> ThreadAnswer:
        """What answers say of a message's thread."""
        root, row = message["thread_id"], self.rows.get(message["id"])
        own = self.are_own and root is None
        last = row["last_reply_id"] if row else None
        return {
            "thread": root,
            "thread_external_id": None if root is None else self.names.get(root),
            "reply_count": row["reply_count"] if row else 0,
            "last_reply": last,
            "last_reply_external_id": None if last is None else self.names.get(last),
            "last_reply_at": row["last_reply_at"] if row and last is not None else None,
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
    conversations = {row["conversation_id"] for row in rows}
    roots = [row["id"] for row in rows if row["thread_id"] is None]
    found = {row["root_id"]: row for row in _rows(roots, conversations, user)} if roots else {}
    heads = [row["thread_id"] for row in rows], [row["last_reply_id"] for row in found.values()]
    named = {pk for ids in heads for pk in ids if pk is not None}
    names: dict[int, str | None] = {}
    if named:
        messages_named = Message.objects.filter(
            pk__in=named, conversation__in=conversations, external_id__isnull=False
        )
        names = dict(messages_named.values_list("pk", "external_id"))
    return KnownThreads(found, names, are_own=_takes_part(user))


def _takes_part(user: User | None) -> bool:
    """Whether somebody may have a part of their own in conversations."""
    return user is not None and not user.is_service


def _rows(roots: list[int], conversations: set[int], user: User | None) -> Iterable[ThreadRow]:
    # Of one conversation as a constant: partitioned tables are searched in one place.
    [conversation] = conversations if len(conversations) == 1 else [OuterRef("conversation")]
    unread_replies = _unread_in_thread(user, conversation).order_by().values("thread")
    counted = unread_replies.annotate(count=Count("*")).values("count")
    followers = _followers(user, conversation)
    return cast(
        "Iterable[ThreadRow]",
        Thread.objects.filter(root__in=roots, conversation__in=conversations)
        .annotate(
            unread_replies=Coalesce(Subquery(counted), 0),
            is_following=Subquery(followers.values("is_following")[:1]),
        )
        .values(*ThreadRow.__annotations__),
    )


def _followers(user: User | None, conversation: Any) -> QuerySet[ThreadFollower]:
    return ThreadFollower.objects.filter(
        conversation=conversation, root=OuterRef("root"), user=user
    )


def _unread_in_thread(user: User | None, conversation: Any) -> QuerySet[MessageStatus]:
    return unread(conversation).filter(
        recipient=user, conversation=conversation, thread=OuterRef("root")
    )


def threads_in(conversation_id: int) -> QuerySet[Thread]:
    """The threads of a conversation that have replies."""
    return Thread.objects.filter(conversation=conversation_id, reply_count__gt=0)


def with_unread(threads: QuerySet[Thread], user: User, *, unread: bool) -> QuerySet[Thread]:
    """Those in which a user has unread replies, or has none."""
    has_unread = Exists(_unread_in_thread(user, OuterRef("conversation")))
    return threads.filter(has_unread if unread else ~has_unread)


def threads_followed(threads: QuerySet[Thread], user: User, *, following: bool) -> QuerySet[Thread]:
    """Those that a user follows, or does not."""
    follows = Exists(_followers(user, OuterRef("conversation")).filter(is_following=True))
    return threads.filter(follows if following else ~follows)
