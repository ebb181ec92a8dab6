"""Loading the demo's sample data, and recognizing its users in any database."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from chat.models import Message, User
from chat.names import numbered
from receipts import services
from receipts.demo.talks import DISCREET, PEOPLE, TALKS, Talk
from receipts.services.marking import RecipientKey

#: The group of the users that the demo created. No endpoint of the API adds users to a group, while
#: users and conversations of any name may have been created by others.
GROUP = "Demo"


@transaction.atomic
def load_world() -> bool:
    """Load users, conversations and half-read messages into an empty database.

    Return whether the sample data exists; a database with other users is left unchanged.
    """
    if User.objects.filter(groups__name=GROUP).exists():
        return True
    if User.objects.exists():
        return False
    people = {
        username: services.create_user(
            username=username, display_name=name, read_receipts_enabled=username != DISCREET
        )[0]
        for username, name in PEOPLE.items()
    }
    Group.objects.get_or_create(name=GROUP)[0].user_set.set(people.values())
    for talk in TALKS:
        _load(talk, people)
    return True


def people_of_the_world() -> QuerySet[User]:
    """The users that anyone may act as: those the demo created; none in other databases."""
    return User.objects.filter(
        username__in=PEOPLE,
        groups__name=GROUP,
        is_active=True,
        is_staff=False,
        is_superuser=False,
        is_service=False,
    ).order_by("username")


def _load(talk: Talk, people: dict[str, User]) -> None:
    owner, *others = (people[username] for username in talk.people)
    conversation = services.create_conversation(
        owner=owner,
        participants=others,
        external_id=talk.external_id,
        title=talk.title,
        kind=talk.kind,
        receipts_visible_to=talk.visible_to,
    )
    dice = Random(talk.external_id)  # noqa: S311 - the same data each time
    now = timezone.now()
    for minutes_ago, text in talk.notes:
        services.send_system_line(
            conversation_id=conversation.pk,
            sender=owner,
            body=text,
            sent_at=now - timedelta(minutes=minutes_ago),
        )
    sent: dict[int | None, int] = {}
    for number, (minutes_ago, username, body) in enumerate(talk.lines, start=1):
        message = services.send_message(
            conversation_id=conversation.pk,
            sender=people[username],
            body=body,
            sent_at=now - timedelta(minutes=minutes_ago),
            thread=numbered(sent.get(talk.replies.get(number))),
        ).message
        sent[number] = message.pk
        for other in talk.people:
            if other != username:
                _come_to(talk, number, message, people[other], dice)
        if number in talk.deleted:
            services.delete_message(message_id=message.pk)
    for username in talk.left:
        services.remove_participant(conversation_id=conversation.pk, user=people[username])


def _come_to(talk: Talk, number: int, message: Message, person: User, dice: Random) -> None:
    """Let a message be delivered to a person, read by them, or fail, as the talk defines."""
    row = RecipientKey(
        message_id=message.pk, recipient_id=person.pk, conversation_id=message.conversation_id
    )
    received, read = talk.come.get(person.username, (0, 0))
    arrival = message.created_at + timedelta(seconds=dice.uniform(1, 40))
    failed, reason = talk.failures.get(number, ("", ""))
    if failed == person.username:
        services.report_failure(row=row, reason=reason, at=arrival)
    if number <= received:
        services.mark_delivered(row=row, at=arrival)
    if number <= read:
        by, words = talk.acknowledged.get(number, ("", None))
        services.mark_read(
            row=row,
            at=arrival + timedelta(minutes=dice.uniform(0.5, 20)),
            private=not person.read_receipts_enabled,
            content=words if by == person.username else None,
        )
