"""Marks on one message, or on everything up to a message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from chat.errors import NotParticipant, NotRecipient, Refused
from receipts import services
from receipts.api.archived import ARCHIVED, refuse_archived_mark
from receipts.api.base import ApiViewSet
from receipts.api.bodies import (
    BulkMarkBody,
    BulkReadBody,
    FailureBody,
    MarkBody,
    ReadBody,
    UnreadBody,
)
from receipts.api.fields import known_users
from receipts.api.shapes import BulkMark, OwnReceipt, Unmarked
from receipts.reads.by_position import own_placed_row
from receipts.reads.names import conversation_id_of, message_id_of
from receipts.reads.placed_answers import own_answer
from receipts.reads.selectors import own_row, unread_in_conversation
from receipts.rules.rows import OwnRow
from receipts.services.marking import RecipientKey
from receipts.services.positions import MarkedUpTo
from receipts.services.single import Wish


class MessageMarkViewSet(ApiViewSet):
    """A recipient marks one message, or a service account reports a failed delivery."""

    serializer_class = OwnReceipt
    short_actions = frozenset({"delivered", "read"})
    told_without_read = frozenset({"message", "user"})

    @extend_schema(request=MarkBody, responses={200: OwnReceipt, **ARCHIVED})
    def delivered(self, request: Request, pk: int | str) -> Response:
        """The message reached the recipient's device."""
        fields = self.validated(MarkBody)
        username = self.acting_username(fields.get("user"))
        return self._marked(pk, username, Wish(read=False, at=fields.get("at")))

    @extend_schema(request=ReadBody, responses={200: OwnReceipt, **ARCHIVED})
    def read(self, request: Request, pk: int | str) -> Response:
        """The recipient read the message; optionally in private or with an acknowledgement."""
        fields = self.validated(ReadBody)
        username = self.acting_username(fields.get("user"))
        given = {name: fields.get(name) for name in ("at", "private", "content")}
        return self._marked(pk, username, Wish(read=True, **given))

    @extend_schema(request=FailureBody, responses={200: OwnReceipt, **ARCHIVED})
    def failed(self, request: Request, pk: int | str) -> Response:
        """Report a failed delivery and its reason; service accounts only (rule 11)."""
        if not self.user.is_service:
            self.visible_message(message_id_of(pk))
            raise Refused("Only a service account may report a failure.")
        fields = self.validated(FailureBody)
        [user] = known_users("user", [fields["user"]])
        row = own_row(pk, user.username)
        if row is not None and row["withdrawn_at"] is not None:
            raise NotRecipient
        row = self._known(pk, user.username, row)
        changed = services.report_failure(
            row=RecipientKey.of(row), reason=fields.get("reason"), at=fields.get("at")
        )
        if changed is None:  # another request may have changed it
            now = own_row(row["message_id"], user.username)
            return Response(own_answer(self._known(pk, user.username, now)))
        return Response(own_answer(cast(OwnRow, {**row, **changed})))

    def _marked(self, pk: int | str, username: str, wish: Wish) -> Response:
        row = services.mark_message(pk, username, wish)
        return Response(own_answer(self._known(pk, username, row)))

    def _known(self, pk: int | str, username: str, row: OwnRow | None) -> OwnRow:
        """The row; without one, the refusal that its message calls for."""
        row = row or own_placed_row(pk, username)
        if row is None:
            refuse_archived_mark(self.visible_message(message_id_of(pk)), username)
            raise NotRecipient
        return row


class ConversationMarkViewSet(ApiViewSet):
    """A participant marks everything up to a message, or from a message on."""

    serializer_class = BulkMark
    short_actions = frozenset({"mark_delivered", "mark_read", "mark_unread"})
    told_without_read = frozenset({"conversation", "user"})

    @extend_schema(request=BulkMarkBody, responses=BulkMark)
    def mark_delivered(self, request: Request, pk: int | str) -> Response:
        """Everything up to a message reached the recipient's device; of one ``thread`` if given."""
        return self._mark(pk, self.validated(BulkMarkBody), read=False)

    @extend_schema(request=BulkReadBody, responses=BulkMark)
    def mark_read(self, request: Request, pk: int | str) -> Response:
        """Everything up to a message was read: up to the newest, or the newest sent by ``at``."""
        return self._mark(pk, self.validated(BulkReadBody), read=True)

    @extend_schema(request=UnreadBody, responses=Unmarked)
    def mark_unread(self, request: Request, pk: int | str) -> Response:
        """Mark everything from a message on as unread, for the caller only (rule 10)."""
        fields = self.validated(UnreadBody)
        username = self.acting_username(fields.get("user"))
        marked = self._of_participant(
            pk,
            lambda: services.mark_unread_from(
                conversation_id=pk,
                username=username,
                message=fields["from_message"],
                thread=fields.get("thread"),
            ),
        )
        return Response(
            {
                **_marked_in(marked, username, "from_message"),
                "unread_count": _unread_after(marked),
            }
        )

    def _mark(self, pk: int | str, fields: dict[str, Any], *, read: bool) -> Response:
        username = self.acting_username(fields.get("user"))
        marked = self._of_participant(
            pk,
            lambda: services.mark_up_to(
                conversation_id=pk,
                username=username,
                up_to=fields.get("up_to_message"),
                read=read,
                at=fields.get("at"),
                private=fields.get("private"),
                thread=fields.get("thread"),
            ),
        )
        return Response(
            {
                **_marked_in(marked, username, "up_to_message"),
                "at": marked.at,
                "unread_count": _unread_after(marked),
            }
        )

    def _of_participant(self, pk: int | str, mark: Callable[[], MarkedUpTo]) -> MarkedUpTo:
        """The mark; 404 if the caller cannot see the conversation at all."""
        try:
            return mark()
        except NotParticipant:
            self.visible_conversation(conversation_id_of(pk))
            raise


def _marked_in(marked: MarkedUpTo, username: str, field: str) -> dict[str, object]:
    """What a bulk mark did; ``field`` is what the request calls its message."""
    return {
        "conversation": marked.conversation_id,
        "conversation_external_id": marked.conversation_external_id,
        "user": username,
        field: marked.message_id,
        f"{field}_external_id": marked.message_external_id,
        "thread": marked.thread,
        "marked": marked.count,
    }


def _unread_after(marked: MarkedUpTo) -> int:
    return unread_in_conversation(marked.recipient_id, marked.conversation_id)
