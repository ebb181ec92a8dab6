"""What all views share: strict queries, the acting user, and the way to an object."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cache
from itertools import islice
from typing import Any, cast

from django.db.models import QuerySet
from django.http import Http404, QueryDict
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from chat.authentication import Credential
from chat.errors import Refused
from chat.models import Conversation, Scope, User
from chat.permissions import may_read
from receipts.api.fields import checked, known_users
from receipts.api.limits import STOP_AT
from receipts.reads.messages import visible_message


@cache
def takes_nothing(serializer_class: Any) -> bool:
    """Whether an empty body is as good as any: most marks have none, and it need not be read."""
    return not any(field.required for field in serializer_class().fields.values())


def refuse_unknown_parameters(given: QueryDict, allowed: Collection[str]) -> None:
    """Refuse unknown query parameters: ignoring a misspelt filter would answer another question."""
    unknown = islice((name for name in given if name not in allowed), STOP_AT)
    if errors := {name: ["Unknown parameter."] for name in unknown}:
        raise ValidationError(errors)
    with_nul = [name for name, values in given.lists() if any("\x00" in v for v in values)]
    if with_nul:
        raise ValidationError({name: ["May not hold NUL characters."] for name in with_nul})


def cut_for_writers(request: Request, response: Any, allowed: Collection[str]) -> None:
    """Cut the answer to a write down to ``allowed`` fields, for a key without ``read``."""
    is_answer = isinstance(response, Response) and response.status_code < 300
    if is_answer and request.method not in SAFE_METHODS and not may_read(request):
        given = response.data or {}
        response.data = {name: given[name] for name in given if name in allowed} or None


class ApiViewSet(GenericViewSet[Any]):
    """Base of the API's viewsets."""

    #: What a service key needs for anything but reading.
    scope = Scope.WRITE
    #: Whether a key needs ``read`` beside it, because the answer discloses what is there.
    answers_reads = False
    #: The fields of an answer to a write that a key without ``read`` is given.
    told_without_read: frozenset[str] = frozenset()
    #: Query parameters beside paging and the filters of ``filterset_class``.
    query_parameters: frozenset[str] = frozenset()
    filterset_class: Any = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if str(request.method).lower() in self.action_map:  # else it is answered 405
            self._refuse_unknown_parameters(request)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        cut_for_writers(request, response, self.told_without_read)
        return super().finalize_response(request, response, *args, **kwargs)

    def _refuse_unknown_parameters(self, request: Request) -> None:
        allowed = set(self.query_parameters)
        if self.action == "list":
            if self.pagination_class is not None:
                allowed |= {"limit", "cursor"}
            if self.filterset_class is not None:
                allowed |= set(self.filterset_class.base_filters)
        refuse_unknown_parameters(request.query_params, allowed)

    def validated(self, serializer_class: Any, **options: Any) -> dict[str, Any]:
        """The request's body, checked."""
        data = self.request.data
        if isinstance(data, QueryDict):
            # What stands for an empty form, in which booleans that are not there would be false.
            data = {}
        if data == {} and takes_nothing(serializer_class):
            return {}
        return checked(serializer_class, data, **options)

    def acting_username(self, named: str | None) -> str:
        """Whom this request acts for: the token's user, or whom a service account names (18).

        Asks no query of a token's holder. ``named`` is the body's ``user``.
        """
        credential: Credential | None = self.request.auth  # type: ignore[assignment]
        if credential is not None and credential.scopes is None:
            caller, is_service = credential.username, False
        else:
            caller, is_service = self.user.username, self.user.is_service
        if is_service:
            if named is None:
                raise ValidationError({"user": ["A service account says whom it acts for."]})
            return known_users("user", [named])[0].username
        if named is not None and named != caller:
            raise Refused("Only a service account may name another user.")
        return caller

    def visible_conversation(self, pk: int) -> Conversation:
        """The conversation, if the caller may know of it."""
        conversation = Conversation.objects.visible_to(self.user).filter(pk=pk).first()
        if conversation is None:
            raise Http404
        return conversation

    def visible_message(self, pk: int) -> dict[str, Any]:
        """The message's columns; 404 if the caller cannot see it."""
        return visible_message(self.user, pk)

    def page_of(self, rows: QuerySet[Any], shape: Callable[[Any], dict[str, Any]]) -> Response:
        """One page of ``rows``, each as ``shape`` makes it."""
        page = self.paginate_queryset(rows) or []
        return self.get_paginated_response([shape(row) for row in page])

    @property
    def user(self) -> User:
        """The caller."""
        return cast(User, self.request.user)
