"""What all views share: strict queries, the acting user, and the way to an object."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import cache
from itertools import islice
from typing import Any, cast

from django.db.models import QuerySet
from django.http import QueryDict
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from chat.callers import Credential
from chat.errors import Refused
from chat.models import Conversation, Scope, User
from chat.permissions import may_read
from receipts.api.fields import checked, known_users
from receipts.api.limits import STOP_AT
from receipts.api.throttles import Usage
from receipts.reads.answer_types import MessageAnswer
from receipts.reads.answers import message_shapes
from receipts.reads.conversations import visible_conversation
from receipts.reads.messages import visible_message
from receipts.rules.rows import MessageRow
from receipts.sql.pages import WholeList


@cache
def takes_nothing(serializer_class: Any) -> bool:
    """Whether every field is optional, so that an empty body needs no parsing."""
    return not any(field.required for field in serializer_class().fields.values())


def refuse_unknown_parameters(given: QueryDict, allowed: Collection[str]) -> None:
    """Refuse unknown query parameters: ignoring a misspelt filter would return the wrong rows."""
    unknown = islice((name for name in given if name not in allowed), STOP_AT)
    if errors := {name: ["Unknown parameter."] for name in unknown}:
        raise ValidationError(errors, code="unknown_parameter")
    with_nul = [name for name, values in given.lists() if any("\x00" in v for v in values)]
    if with_nul:
        raise ValidationError(
            {name: ["Must not contain NUL characters."] for name in with_nul},
            code="null_characters_not_allowed",
        )


class ScopedAnswers:
    """For views: a key without ``read`` gets only ``told_without_read`` of a write's response."""

    #: The response fields of a write that a key without ``read`` receives; None: all of them.
    told_without_read: frozenset[str] | None = frozenset()
    #: Whether the caller is known, has the right to call, and was not refused since. A refusal is
    #: no response to a write, also where a vendor sends it with status 200.
    is_admitted = False

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        self.is_admitted = True

    def handle_exception(self, exc: Exception) -> Response:
        self.is_admitted = False
        return cast(Response, super().handle_exception(exc))  # type: ignore[misc]

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        is_write = self.is_admitted and request.method not in SAFE_METHODS
        is_done = isinstance(response, Response) and response.status_code < 300
        if is_write and is_done and self.told_without_read is not None and not may_read(request):
            given, allowed = response.data or {}, self.told_without_read
            response.data = {name: given[name] for name in given if name in allowed} or None
        return super().finalize_response(request, response, *args, **kwargs)  # type: ignore[misc]


#: By view and methods, of which there are few.
_DEFAULT_HEADERS: dict[tuple[Any, ...], dict[str, str]] = {}


class ApiViewSet(ScopedAnswers, GenericViewSet[Any]):
    """Base of the API's viewsets."""

    #: The scope that a service key needs for writes.
    scope = Scope.WRITE
    #: Whether a write needs ``read`` as well, because its response discloses existing data.
    answers_reads = False
    #: Query parameters in addition to paging and the filters of ``filterset_class``.
    query_parameters: frozenset[str] = frozenset()
    filterset_class: Any = None
    #: Actions that take little time and wait for nothing but PostgreSQL. They may run on the event
    #: loop's thread, so what else waits must use ``chat.waiting``.
    short_actions: frozenset[str] = frozenset()
    #: Returns the id of what an address names instead of numbering it; 0 for an unknown name.
    #: None for views that have no such address, or look a name up in a statement of their own.
    id_of: Callable[[int | str], int] | None = None
    #: What the throttle has counted; None for callers without a limit.
    usage: Usage | None = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if str(request.method).lower() in self.action_map:  # else it is answered 405
            self._refuse_unknown_parameters(request)
        if self.id_of is not None and "pk" in self.kwargs:
            self.kwargs["pk"] = self.id_of(self.kwargs["pk"])  # what the handler gets

    @property
    def default_response_headers(self) -> dict[str, str]:
        """The methods of an address do not change, so they are listed once."""
        key = type(self), *self.action_map
        if key not in _DEFAULT_HEADERS:
            _DEFAULT_HEADERS[key] = super().default_response_headers
        return dict(_DEFAULT_HEADERS[key])

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        if self.usage is not None:
            for name, value in self.usage.headers().items():
                response.headers[name] = value
        return response

    def _refuse_unknown_parameters(self, request: Request) -> None:
        """Raise ``ValidationError``: ignoring a misspelt filter would return the wrong rows."""
        if not request._request.META.get("QUERY_STRING"):
            return
        allowed = set(self.query_parameters)
        if self.action == "list":
            if self.pagination_class is not None:
                allowed |= {"limit", "cursor"}
            if self.filterset_class is not None:
                allowed |= set(self.filterset_class.base_filters)
        refuse_unknown_parameters(request.query_params, allowed)

    def validated(self, serializer_class: Any, **options: Any) -> dict[str, Any]:
        """The request's body, checked."""
        size = self.request._request.META.get("CONTENT_LENGTH") or "0"
        if size == "0" and takes_nothing(serializer_class):
            return {}
        data = self.request.data
        if isinstance(data, QueryDict):
            # An empty form, in which omitted booleans would be read as false.
            data = {}
        if data == {} and takes_nothing(serializer_class):
            return {}
        return checked(serializer_class, data, **options)

    @contextmanager
    def refusing_first(self, require: Callable[[], None]) -> Iterator[None]:
        """If the body is invalid, let a permission error from ``require`` take precedence.

        A caller without the permission then learns nothing else. For a valid body only the service
        checks the permission, under its lock.
        """
        try:
            yield
        except Exception:
            require()
            raise

    def acting_username(self, named: str | None) -> str:
        """The user this request acts for: the token's, or whom a service account names (rule 18).

        Runs no query for a token's user. ``named`` is the body's ``user``.
        """
        credential: Credential | None = self.request.auth  # type: ignore[assignment]
        if credential is not None and credential.scopes is None:
            caller, is_service = credential.username, False
        else:
            caller, is_service = self.user.username, self.user.is_service
        if is_service:
            if named is None:
                raise ValidationError(
                    {"user": ["Required: a service account must name the user it acts for."]},
                    code="required",
                )
            return known_users("user", [named])[0].username
        if named is not None and named != caller:
            raise Refused("Only a service account may name another user.")
        return caller

    def visible_conversation(self, pk: int) -> Conversation:
        """The conversation; 404 unless the caller can see it."""
        return visible_conversation(self.user, pk)

    def visible_message(self, pk: int) -> MessageRow:
        """The message's columns; 404 unless the caller can see it."""
        return visible_message(self.user, pk)

    def shape_of(self, pk: int) -> MessageAnswer:
        """One message as the caller may see it; 404 unless they can."""
        return message_shapes([self.visible_message(pk)], self.user)[0]

    def page_of(self, rows: QuerySet[Any] | WholeList[Any]) -> list[Any]:
        """One page of what the query leaves of ``rows``.

        Without a filter no form is built, which is slow.
        """
        if self.request.query_params.keys() & self.filterset_class.base_filters.keys():
            rows = rows.queryset() if isinstance(rows, WholeList) else rows
            rows = self.filter_queryset(rows)
        return cast("list[Any]", self.paginate_queryset(cast("Any", rows)))

    @property
    def user(self) -> User:
        """The caller."""
        return cast(User, self.request.user)
