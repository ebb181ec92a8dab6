"""The forms above lists: strict, so that no misspelt filter answers another question than asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Q, QuerySet
from django.http import QueryDict

from chat.ids import MAX_ID, whole_number
from chat.models import Conversation, User
from receipts.admin.keyset import Place

#: Parameters that Django's admin adds for itself.
_DJANGOS = frozenset({"_popup", "_to_field", "e"})
#: How many conversations may have the title that was given.
_NAMESAKES = 20


class PlaceForm(forms.Form):
    """Where a page begins, as its links say it."""

    after = forms.IntegerField(required=False, min_value=1, max_value=MAX_ID)
    before = forms.IntegerField(required=False, min_value=1, max_value=MAX_ID)
    page = forms.ChoiceField(required=False, choices=[("last", "last")])

    def place(self) -> Place:
        """The list's start, where that is not said rightly."""
        found = self.cleaned_data if self.is_valid() else {}
        return Place(found.get("after"), found.get("before"), found.get("page") == "last")


def given(query: QueryDict, *also: str) -> QueryDict:
    """What was asked of a list, less its place and what was left blank."""
    asked = query.copy()
    for name in {*Place.PARAMETERS, *_DJANGOS, *also}:
        asked.pop(name, None)
    for name in [name for name, values in asked.lists() if not any(values)]:
        del asked[name]
    return asked


def errors_of(asked: QueryDict, form: Any, place: PlaceForm) -> list[str]:
    """What is wrong with a query, each with the name of its field."""
    named = dict(form.fields)
    wrong = [f"{name}: there is no such filter." for name in asked if name not in named]
    for each in (form, place):
        for name, found in each.errors.items():
            label = named[name].label if name in named else None
            wrong += [f"{label or name.capitalize()}: {error}" for error in found]
    return wrong


class UserField(forms.CharField):
    """A username; the user it names."""

    def clean(self, value: Any) -> User | None:
        username = super().clean(value)
        if not username:
            return None
        if (user := User.objects.filter(username=username).first()) is None:
            raise ValidationError(f"Nobody has the username “{username}”.")
        return user


class ConversationField(forms.CharField):
    """A conversation's id, external id, or whole title; the ids of all that it names."""

    def clean(self, value: Any) -> list[int]:
        name = super().clean(value)
        if not name:
            return []
        names_it = Q(external_id=name) | Q(title__iexact=name)
        if (number := whole_number(name, MAX_ID)) is not None:
            names_it |= Q(pk=number)
        found = list(
            Conversation.objects.filter(names_it).values_list("pk", flat=True)[:_NAMESAKES]
        )
        if not found:
            raise ValidationError(f"No conversation has “{name}” as its id or whole title.")
        if len(found) == _NAMESAKES:
            raise ValidationError(f"Too many conversations are called “{name}”: say an id.")
        return found


class DayField(forms.DateField):
    """A UTC day, as browsers' own calendars send it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            required=False,
            input_formats=["%Y-%m-%d"],
            widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
            validators=[MinValueValidator(date(1970, 1, 1)), MaxValueValidator(date(9000, 1, 1))],
            error_messages={"invalid": "Must be a day, as in 2026-11-21."},
            **options,
        )


class DaysForm(forms.Form):
    """A range of days, both included; ``from`` is no name that Python lets a class declare."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["from"] = DayField(label="From")
        self.fields["to"] = DayField(label="To")

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        since, until = found.get("from"), found.get("to")
        if since and until and since > until:
            self.add_error("from", "May not be after the last day.")
        return found


class ListForm(forms.Form):
    """The filters of one list. A form that is not valid lists nothing."""

    #: What two rows of the list are told apart by, newest first unless a list says otherwise.
    columns: tuple[str, ...] = ("-pk",)

    def narrow(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """The rows that were asked for."""
        for condition in self.conditions():
            rows = rows.filter(condition)
        return rows

    def conditions(self) -> Iterable[Q]:
        """What the filters that were given ask of a row."""
        raise NotImplementedError

    def order(self) -> tuple[str, ...]:
        """The columns of the index that leads to these rows in the order they are listed."""
        return self.columns


def within(found: dict[str, Any], column: str) -> Iterator[Q]:
    """The rows of a ``DaysForm``'s days."""
    if since := found.get("from"):
        yield Q(**{f"{column}__gte": midnight(since)})
    if until := found.get("to"):
        yield Q(**{f"{column}__lt": midnight(until + timedelta(days=1))})


def midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)
