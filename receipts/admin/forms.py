"""The forms above lists: strict, so that a misspelt filter is an error and not ignored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Q, QuerySet
from django.http import QueryDict

from chat.ids import MAX_ID, whole_number
from chat.models import Conversation, Message, User
from receipts.admin.keyset import Place
from receipts.reads.names import message_id_of
from receipts.sql.times import midnight

#: Query parameters that Django's admin adds itself.
_DJANGOS = frozenset({"_popup", "_to_field", "e"})
#: With this many matches or more, the name of a conversation is rejected as ambiguous.
_NAMESAKES = 20


class PlaceForm(forms.Form):
    """The position of a page, as its links encode it."""

    after = forms.IntegerField(required=False, min_value=1, max_value=MAX_ID)
    before = forms.IntegerField(required=False, min_value=1, max_value=MAX_ID)
    page = forms.ChoiceField(required=False, choices=[("last", "last")])

    def place(self) -> Place:
        """The position; the start of the list if the parameters are invalid."""
        found = self.cleaned_data if self.is_valid() else {}
        return Place(found.get("after"), found.get("before"), found.get("page") == "last")


def given(query: QueryDict, *also: str) -> QueryDict:
    """The filters in a query: without the position, Django's own parameters and blanks."""
    asked = query.copy()
    for name in {*Place.PARAMETERS, *_DJANGOS, *also}:
        asked.pop(name, None)
    for name in [name for name, values in asked.lists() if not any(values)]:
        del asked[name]
    return asked


def errors_of(asked: QueryDict, form: Any, place: PlaceForm) -> list[str]:
    """The errors in a query, each starting with the name of its field."""
    named = dict(form.fields)
    wrong = [f"{name}: there is no such filter." for name in asked if name not in named]
    for each in (form, place):
        for name, found in each.errors.items():
            label = named[name].label if name in named else None
            wrong += [f"{label or name.capitalize()}: {error}" for error in found]
    return wrong


class UserField(forms.CharField):
    """A username, cleaned to its user; None if empty."""

    def clean(self, value: Any) -> User | None:
        username = super().clean(value)
        if not username:
            return None
        if (user := User.objects.filter(username=username).first()) is None:
            raise ValidationError(f"No user has the username “{username}”.")
        return user


class ConversationField(forms.CharField):
    """A conversation's id, external id, or full title, cleaned to the ids of all matches."""

    def clean(self, value: Any) -> list[int]:
        name = super().clean(value)
        if not name:
            return []
        names_it = Q(external_id=name) | Q(title__iexact=name)
        if (number := whole_number(name, MAX_ID)) is not None:
            names_it |= Q(pk=number)
        named = Conversation.objects.present().filter(names_it)
        found = list(named.values_list("pk", flat=True)[:_NAMESAKES])
        if not found:
            raise ValidationError(f"No conversation has the id or full title “{name}”.")
        if len(found) == _NAMESAKES:
            raise ValidationError(f"Too many conversations match “{name}”: enter an id.")
        return found


class MessageField(forms.CharField):
    """A message's id or external id, cleaned to the message; None if empty."""

    def clean(self, value: Any) -> Message | None:
        name = super().clean(value)
        if not name:
            return None
        found = None
        if (number := whole_number(name, MAX_ID)) is not None:
            found = Message.objects.filter(pk=number).first()
        if found is None and (named := message_id_of(name)):
            found = Message.objects.filter(pk=named).first()
        if found is None:
            raise ValidationError(f"No message has the id “{name}”.")
        return found


class DayField(forms.DateField):
    """A UTC day, in the format of browsers' date inputs."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            required=False,
            input_formats=["%Y-%m-%d"],
            widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
            validators=[MinValueValidator(date(1970, 1, 1)), MaxValueValidator(date(9000, 1, 1))],
            error_messages={"invalid": "Must be a date, for example 2026-11-21."},
            **options,
        )


class DaysForm(forms.Form):
    """A range of days, both included; ``from`` is a keyword, so the class cannot declare it."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["from"] = DayField(label="From (UTC)")
        self.fields["to"] = DayField(label="To (UTC)")

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        since, until = found.get("from"), found.get("to")
        if since and until and since > until:
            self.add_error("from", "Must not be after the last day.")
        return found


class ListForm(forms.Form):
    """The filters of one list. An invalid form lists nothing."""

    #: The columns that order the list and identify a row; newest first by default.
    columns: tuple[str, ...] = ("-pk",)

    def narrow(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """The rows that match all filters."""
        for condition in self.conditions():
            rows = rows.filter(condition)
        return rows

    def conditions(self) -> Iterable[Q]:
        """A condition for each filter that is set."""
        raise NotImplementedError

    def order(self) -> tuple[str, ...]:
        """The columns to order by: those of the index that serves these filters."""
        return self.columns


def within(found: dict[str, Any], column: str) -> Iterator[Q]:
    """Conditions that keep a time ``column`` within the days of a ``DaysForm``."""
    if since := found.get("from"):
        yield Q(**{f"{column}__gte": midnight(since)})
    if until := found.get("to"):
        yield Q(**{f"{column}__lt": midnight(until + timedelta(days=1))})


def state_field(states: Mapping[str, tuple[str, Q]]) -> forms.ChoiceField:
    """A choice among states, each a label and its condition; any of them by default."""
    labels = ((name, label) for name, (label, _) in states.items())
    return forms.ChoiceField(required=False, choices=[("", "Any state"), *labels])
