"""Filters of the lists: states, ``unread``, ``undelivered``, membership and search."""

from __future__ import annotations

from typing import Any, cast

import django_filters
from django import forms
from django.db.models import Q, QuerySet

from chat.models.conversation import ParticipantQuerySet
from receipts.rules.membership import Membership, membership_q
from receipts.rules.privacy import shown_to
from receipts.rules.status import QUESTIONS, State, state_q

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


class RecipientFilter(django_filters.FilterSet):
    """``state``, ``membership`` and ``search`` in a message's recipients."""

    state = StateFilter(
        choices=STATES, method="filter_state", help_text="A state, or `unread`, `undelivered`."
    )
    membership = MembershipFilter(
        account="recipient", help_text="Current membership in the conversation."
    )
    search = django_filters.CharFilter(
        method="filter_search", max_length=200, help_text="Part of a name or username."
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
    """``membership`` in a conversation's participants: by default current ones."""

    membership = MembershipFilter(account="user", help_text="Default: active and muted.")

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.form.cleaned_data["membership"]:
            return cast(ParticipantQuerySet, queryset).active()
        return cast("QuerySet[Any]", super().filter_queryset(queryset))
