"""Filters of the lists: states, ``unread``, ``undelivered``, membership, names and search."""

from __future__ import annotations

from typing import Any

import django_filters
from django import forms
from django.db.models import Q, QuerySet

from chat.ids import MAX_EXTERNAL_ID, MAX_USERNAME
from chat.names import reference_in
from receipts.reads.names import message_id_of
from receipts.reads.threads import threads_followed, with_unread
from receipts.rules.membership import Membership, membership_q
from receipts.rules.privacy import shown_to
from receipts.rules.status import QUESTIONS, State, state_q
from receipts.rules.threads import MAIN

#: The states that differ for users from whom reads are hidden (rule 14): reads are deliveries.
WITHOUT_READS = {
    "read": Q(pk__in=[]),
    "delivered": state_q(State.READ) | state_q(State.DELIVERED),
    "unread": Q(withdrawn_at=None),
}

STATES = [*State.choices, ("unread", "Not read"), ("undelivered", "Not delivered yet")]


class SeveralWidget(forms.SelectMultiple):
    """Several values: ``?membership=left,muted`` or ``?membership=left&membership=muted``."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        given = data.getlist(name)
        return list(dict.fromkeys(word for text in given for word in text.split(",")))


class StateField(django_filters.fields.ChoiceField):
    """An empty ``state=`` is refused; ignoring it would return all rows."""

    def clean(self, value: Any) -> Any:
        if value == "":
            raise forms.ValidationError("Select a state.", code="invalid_choice")
        return super().clean(value)


class StateFilter(django_filters.ChoiceFilter):
    field_class = StateField


class MembershipFilter(django_filters.MultipleChoiceFilter):
    """Current membership; several values are allowed."""

    def __init__(self, *, account: str, **options: Any) -> None:
        super().__init__(
            choices=Membership.choices, widget=SeveralWidget, distinct=False, **options
        )
        self._account = account

    def filter(self, qs: QuerySet[Any], value: list[str]) -> QuerySet[Any]:
        condition = Q()
        for word in value:
            condition |= membership_q(Membership(word), account=self._account)
        return qs.filter(condition) if value else qs


class NameField(forms.CharField):
    """An id of another system, unchanged; an empty one is refused, ignoring it would return all."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"strip": False, "max_length": MAX_EXTERNAL_ID, **options})

    def clean(self, value: Any) -> Any:
        if value == "":
            raise forms.ValidationError("May not be empty.", code="required")
        return super().clean(value)


class NameFilter(django_filters.CharFilter):
    field_class = NameField


class YesOrNoField(forms.Field):
    """``true`` or ``false``; anything else is refused."""

    def clean(self, value: Any) -> Any:
        if value in (None, "true", "false"):
            return None if value is None else value == "true"
        raise forms.ValidationError("Must be true or false.", code="invalid_choice")


class YesOrNoFilter(django_filters.Filter):
    field_class = YesOrNoField


class LineField(NameField):
    """``main``, or the id of the root of a thread, which an address may name: ``ext:main``."""

    def clean(self, value: Any) -> Any:
        word = super().clean(value)
        if not word or word == MAIN:
            return word
        if (reference := reference_in(word)) is None:
            raise forms.ValidationError("Must be main, or a message id.", code="invalid")
        return message_id_of(reference)


class LineFilter(django_filters.Filter):
    field_class = LineField


class ConversationFilter(django_filters.FilterSet):
    """``external_id`` in the list of conversations."""

    external_id = NameFilter(help_text="The conversation's id in another system.")


class MessageFilter(django_filters.FilterSet):
    """``client_id``, ``external_id`` and ``thread`` in a conversation's messages."""

    client_id = NameFilter(
        method="filter_client_id",
        help_text="The sender's own id for it: of your messages; of all, for service accounts.",
    )
    external_id = NameFilter(
        method="filter_external_id", help_text="The message's id in another system."
    )
    thread = LineFilter(
        method="filter_thread",
        help_text="`main` for messages outside threads, or a root, or `ext:` and its name, for its"
        " replies.",
    )

    def filter_thread(self, qs: QuerySet[Any], name: str, value: int | str) -> QuerySet[Any]:
        return qs.filter(thread=None if value == MAIN else value)

    def filter_external_id(self, qs: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return qs.filter(pk=message_id_of(value))

    def filter_client_id(self, qs: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        found = qs.filter(client_id=value)
        user = self.request.user
        return found if user.sees_everything else found.filter(sender=user)


class ThreadFilter(django_filters.FilterSet):
    """``unread`` and ``following`` in a conversation's threads."""

    unread = YesOrNoFilter(method="filter_unread", help_text="With replies that you have unread.")
    following = YesOrNoFilter(method="filter_following", help_text="That you follow.")

    def filter_unread(self, qs: QuerySet[Any], name: str, value: bool) -> QuerySet[Any]:
        return with_unread(qs, self.request.user, unread=value)

    def filter_following(self, qs: QuerySet[Any], name: str, value: bool) -> QuerySet[Any]:
        return threads_followed(qs, self.request.user, following=value)


class RecipientFilter(django_filters.FilterSet):
    """``state``, ``membership`` and ``search`` in a message's recipients."""

    state = StateFilter(
        choices=STATES, method="filter_state", help_text="A state, or `unread`, `undelivered`."
    )
    membership = MembershipFilter(
        account="recipient", help_text="Current membership in the conversation."
    )
    search = django_filters.CharFilter(
        method="filter_search", max_length=MAX_USERNAME, help_text="Part of a name or username."
    )

    def filter_state(self, qs: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        conditions = QUESTIONS | {state: state_q(state) for state in State.values}
        shown = shown_to(self.request.user)
        if not shown.reads:
            conditions |= WITHOUT_READS
        if not shown.deliveries:
            conditions |= {
                "pending": conditions["pending"] | conditions["delivered"],
                "delivered": Q(pk__in=[]),
                "undelivered": conditions["unread"],
            }
        return qs.filter(conditions[value])

    def filter_search(self, qs: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return qs.filter(
            Q(recipient__username__icontains=value) | Q(recipient__display_name__icontains=value)
        )


class ParticipantFilter(django_filters.FilterSet):
    """``membership`` in a conversation's participants; without it the view lists current ones."""

    membership = MembershipFilter(account="user", help_text="Default: active and muted.")
