"""A small lively world for whoever tries Seenby for the first time."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from django.db import transaction
from django.utils import timezone

from chat.models import Conversation, User
from receipts import services
from receipts.services.marking import Row

PEOPLE = {
    "alice": "Alice Moreau",
    "bob": "Bob Okafor",
    "carol": "Carol Lind",
    "dave": "Dave Petrov",
    "erin": "Erin Sato",
    "frank": "Frank Weiss",
}
#: Marks the world as loaded, by its external_id.
TEAM = "demo:team"

TALK = [
    ("alice", "Good morning! Is everybody coming on Thursday?"),
    ("bob", "I am. Who brings the projector?"),
    ("carol", "Me, if somebody helps me carry it."),
    ("dave", "I can help from noon on."),
    ("alice", "Perfect. I booked the room from one to four."),
    ("erin", "Will there be a link for those at home?"),
    ("alice", "Yes, I will send it on Thursday morning."),
    ("frank", "Count me in, at home."),
    ("bob", "Agenda so far: figures, hiring, the move."),
    ("carol", "Please add ten minutes for the new rota."),
    ("bob", "Added."),
    ("alice", "The figures are in the folder now. Please read them before."),
]
LUNCH = [
    ("bob", "Lunch at half past twelve?"),
    ("alice", "Make it one, I have a call."),
    ("bob", "One it is. The usual place."),
]
NEWS = [
    ("alice", "The office is closed on Friday."),
    ("alice", "The new badges can be fetched at the desk."),
]


@transaction.atomic
def load_world() -> bool:
    """Load people, conversations and half-read messages into an empty database.

    Says whether the world is there; a database with other people in it is left as it is.
    """
    if Conversation.objects.filter(external_id=TEAM).exists():
        return True
    if User.objects.exists():
        return False
    people = {
        username: User.objects.create_user(username, display_name=name)
        for username, name in PEOPLE.items()
    }
    alice, everybody = people["alice"], list(people.values())
    team = _conversation(alice, everybody, TEAM, "Thursday meeting", "group")
    _talk(team, people, TALK, hours=26)
    lunch = _conversation(people["bob"], [alice], "demo:lunch", "", "direct")
    _talk(lunch, people, LUNCH, hours=3)
    news = _conversation(alice, everybody, "demo:news", "Announcements", "group")
    _talk(news, people, NEWS, hours=8)
    return True


def _conversation(
    owner: User, people: list[User], external_id: str, title: str, kind: str
) -> Conversation:
    return services.create_conversation(
        owner=owner, participants=people, external_id=external_id, title=title, kind=kind
    )


def _talk(
    conversation: Conversation, people: dict[str, User], lines: list[tuple[str, str]], hours: int
) -> None:
    """Say the lines over the last ``hours``; who is quick has read most, who is slow little."""
    dice = Random(conversation.external_id)  # noqa: S311 - the same world each time
    step = timedelta(hours=hours) / (len(lines) + 1)
    start = timezone.now() - timedelta(hours=hours)
    for number, (username, body) in enumerate(lines, start=1):
        message = services.send_message(
            conversation_id=conversation.pk,
            sender=people[username],
            body=body,
            sent_at=start + number * step,
        ).message
        freshness = number / len(lines)
        for recipient in message.statuses.select_related("recipient"):
            row = Row(
                message_id=message.pk,
                recipient_id=recipient.recipient_id,
                conversation_id=conversation.pk,
            )
            pace = dice.random()
            at = message.created_at + step * pace / 2
            if pace > freshness * 0.7:
                services.mark_read(row=row, at=at)
            elif pace > freshness * 0.3:
                services.mark_delivered(row=row, at=at)
