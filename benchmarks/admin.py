"""The admin at its promised size: 1,000,000 messages, and a message with 100,000 recipients."""

from __future__ import annotations

from functools import partial

from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client

from benchmarks.timing import Rival, compare, seconds, take_turns, times
from benchmarks.world import NAME, World, execute, multiply, tidy
from chat.models import MODERATORS, Conversation, Message, User
from receipts.models import MessageStatus
from tests.support.cast import Statements

RECIPIENTS = 100_000
MESSAGES = 1_000_000
CONVERSATIONS = 1_000
ROUNDS = 30
#: Seconds for all rounds of one page.
BUDGET = 8.0

LIST = "/admin/chat/message/"
LISTS = {
    "all messages": "",
    "of a sender": f"sender={NAME}77",
    "of a conversation": "conversation={conversation}",
    "of a day": "from={day}&to={day}",
    "text that 1 of 100 has": "q=team+7",
}
SCANS = {"text that none has": "q=no+such+words", "failed for somebody": "only=failed"}
FILTERS = {"all": "", "state=read (2 of 3)": "state=read", "search (1 of 10)": "search=team+7"}


def run() -> None:
    """First and last page of each list in turns, with their number of SQL statements."""
    world = World(RECIPIENTS)
    message = world.say(1)[0]
    execute(
        """UPDATE receipts_messagestatus
              SET delivered_at = sent_at, seen_at = sent_at, read_at = sent_at
            WHERE recipient_id %% 3 <> 0""",
        [],
    )
    _history(world, message)
    tidy(Message, MessageStatus, Conversation)
    client = _moderator()
    newest = Message.objects.latest("created_at")
    words = {"conversation": newest.conversation_id, "day": newest.created_at.date()}
    for name, query in LISTS.items():
        _ends(client, name, f"{LIST}?{query.format(**words)}")
    for name, query in SCANS.items():
        rivals: dict[str, Rival] = {"scan": partial(_fetch, client, f"{LIST}?{query}")}
        times(name, take_turns(rivals, rounds=5, budget=BUDGET))
    for name, query in FILTERS.items():
        _ends(client, f"recipients: {name}", f"{LIST}{message}/change/?{query}")
    file: dict[str, Rival] = {"csv": partial(_fetch, client, f"{LIST}{message}/recipients.csv")}
    times(f"{RECIPIENTS:,} recipients as a file", take_turns(file, rounds=3, budget=BUDGET))


def _history(world: World, message: int) -> None:
    """A million messages of many people in many conversations, a minute apart; no rows."""
    multiply(world.conversation, CONVERSATIONS - 1, title="'Bench ' || n")
    multiply(
        Message.objects.get(pk=message),
        MESSAGES - 1,
        conversation_id=f"first.conversation_id + n %% {CONVERSATIONS}",
        sender_id=f"first.sender_id + n %% {RECIPIENTS}",
        body="'Hello from team ' || n %% 100",
        created_at=f"first.created_at - ({MESSAGES} - n) * interval '1 minute'",
    )


def _moderator() -> Client:
    """A client logged in as a member of the group that a migration creates."""
    moderator = User.objects.create(username=f"{NAME}moderator", is_staff=True)
    moderator.groups.add(Group.objects.get(name=MODERATORS))
    client = Client(SERVER_NAME="localhost")
    client.force_login(moderator)
    return client


def _ends(client: Client, name: str, first: str) -> None:
    """Time a list's first and last page in turns."""
    last = f"{first}&page=last"
    _fetch(client, last, 0)  # from then on Django has the model's name cached
    with connection.execute_wrapper(counted := Statements()):
        _fetch(client, last, 0)
    assert not [sql for sql in counted.sql if "COUNT(" in sql], counted.sql
    rivals: dict[str, Rival] = {
        "last": partial(_fetch, client, last),
        "first": partial(_fetch, client, first),
    }
    taken = take_turns(rivals, rounds=ROUNDS, budget=BUDGET)
    times(f"{name}, {len(counted)} statements", taken)
    compare(name, taken, "last", "first")


def _fetch(client: Client, url: str, _: int) -> float:
    def fetch() -> None:
        answer = client.get(url)
        body = b"".join(answer) if answer.streaming else answer.content
        assert answer.status_code == 200
        assert b"errornote" not in body

    return seconds(fetch)
