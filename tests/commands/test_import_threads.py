"""Replies of a history: in their threads at once, whatever order lines and files come in."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from chat.models import Conversation, Message, Thread, ThreadFollower, User
from chat.names import MessageReference
from receipts import services
from receipts.models import MessageStatus
from tests.support.cast import say
from tests.support.history import START, Record, import_records, refused

pytestmark = pytest.mark.django_db


def message(name: str, sender: str = "ann", sent: int = 10, **fields: Any) -> Record:
    return {"type": "message", "id": name, "conversation": "tea", "sender": sender,
            "sent_at": START + sent, "body": name, **fields}  # fmt: skip


def participant(name: str, joined: int = 0) -> Record:
    return {
        "type": "participant", "conversation": "tea", "user": name, "joined_at": START + joined,
    }  # fmt: skip


PEOPLE: list[Record] = [
    *({"type": "user", "id": name} for name in ("ann", "ben", "cat")),
    {"type": "conversation", "id": "tea"},
    *(participant(name) for name in ("ann", "ben", "cat")),
]
ROOT = message("root")
FIRST = message("first", "ben", 20, thread="root")
SECOND = message("second", "cat", 30, thread="root")


def threads() -> dict[str, tuple[int, str | None]]:
    """The replies that each root is said to have: how many, and the last."""
    names = dict(Message.objects.values_list("pk", "external_id"))
    found = Thread.objects.all()
    return {str(names[each.root_id]): (each.reply_count, names.get(each.last_reply_id or 0))
            for each in found if each.reply_count}  # fmt: skip


def roots() -> dict[str, str | None]:
    """The root of each reply, in its message and its rows alike."""
    names = dict(Message.objects.values_list("pk", "external_id"))
    for row in MessageStatus.objects.select_related("message"):
        assert row.thread_id == row.message.thread_id, row
    replies = Message.objects.exclude(thread=None)
    return {str(each.external_id): names[each.thread_id or 0] for each in replies}


def followers(root: str) -> set[str]:
    found = ThreadFollower.objects.filter(root__external_id=root, is_following=True)
    return set(found.values_list("user__username", flat=True))


def lines(said: list[str]) -> list[str]:
    return [line for line in said if line.startswith("line ")]


@pytest.mark.parametrize("order", list(permutations([ROOT, FIRST, SECOND])), ids=lambda _: "")
def test_replies_are_in_their_thread(order: tuple[Record, ...]) -> None:
    """Rules 18 and 30, in any order of lines."""
    assert refused(import_records([*PEOPLE, *order])) == 0
    assert roots() == {"first": "root", "second": "root"}
    assert threads() == {"root": (2, "second")}
    assert followers("root") == {"ann", "ben", "cat"}


def test_the_api_says_so(api: Any) -> None:
    import_records([*PEOPLE, ROOT, FIRST, SECOND])
    ann = User.objects.get(username="ann")
    told = api(ann).get("/messages/ext:root/")
    assert (told["reply_count"], told["last_reply_external_id"]) == (2, "second")
    assert (told["unread_replies"], told["following"]) == (2, True)
    tea = api(ann).get(f"/conversations/{told['conversation']}/")
    assert (tea["unread_count"], tea["unread_count_main"]) == (2, 0)
    main = api(ann).get(f"/conversations/{tea['id']}/messages/?thread=main")["results"]
    assert [each["external_id"] for each in main] == ["root"]


def test_a_repeated_import_changes_nothing() -> None:
    history = [*PEOPLE, ROOT, FIRST, SECOND]
    import_records(history)
    told = (roots(), threads(), followers("root"))
    assert "Nothing changed: everything already existed." in import_records(history)
    assert (roots(), threads(), followers("root")) == told


def test_a_root_that_comes_in_a_later_file() -> None:
    """As for everything that names what is not there: refused, and taken the next time."""
    import_records(PEOPLE)
    said = import_records([FIRST])
    assert lines(said) == ["line 1: thread: there is no message root in tea"]
    assert not Message.objects.exists()
    import_records([ROOT])
    assert refused(import_records([FIRST])) == 0
    assert threads() == {"root": (1, "first")}


def test_a_later_file_adds_replies() -> None:
    import_records([*PEOPLE, ROOT, SECOND])
    import_records([FIRST])
    assert threads() == {"root": (2, "second")}


@pytest.mark.parametrize("depth", [2, 3, 40])
@pytest.mark.parametrize("backwards", [False, True])
def test_replies_to_replies_are_of_one_thread(depth: int, backwards: bool) -> None:
    chain = [message(f"m{n}", "ben", 20 + n, thread=f"m{n - 1}") for n in range(1, depth)]
    chain = [message("m0"), *chain]
    assert refused(import_records([*PEOPLE, *(reversed(chain) if backwards else chain)])) == 0
    assert roots() == {f"m{n}": "m0" for n in range(1, depth)}
    assert threads() == {"m0": (depth - 1, f"m{depth - 1}")}


def test_a_reply_to_a_reply_of_an_earlier_file() -> None:
    import_records([*PEOPLE, ROOT, FIRST])
    import_records([message("second", "cat", 30, thread="first")])
    assert threads() == {"root": (2, "second")}


def test_a_root_turns_out_to_be_a_reply() -> None:
    """Its replies come with it."""
    import_records([*PEOPLE, ROOT, message("first", "ben", 20)])
    import_records([message("second", "cat", 30, thread="first")])
    assert threads() == {"first": (1, "second")}
    import_records([FIRST])
    assert roots() == {"first": "root", "second": "root"}
    assert threads() == {"root": (2, "second")}


def test_who_replies_to_what_is_refused_is_refused() -> None:
    """However far up that is."""
    history = [*PEOPLE, ROOT, message("first", "eve", 20, thread="root")]
    further = [message(f"m{n}", "ben", 30 + n, thread=f"m{n - 1}") for n in range(1, 5)]
    said = import_records([*history, message("m0", "ben", 30, thread="first"), *further])
    assert refused(said) == 6
    assert "line 10: thread: there is no message first in tea" in said
    assert list(Message.objects.values_list("external_id", flat=True)) == ["root"]


def test_replies_in_a_circle_are_refused() -> None:
    circle = [message("a", thread="b"), message("b", thread="c"), message("c", thread="a")]
    said = import_records([*PEOPLE, ROOT, *circle, message("d", thread="d"), FIRST])
    assert refused(said) == 4
    assert "line 9: thread: message b is a reply to its own replies" in said
    assert threads() == {"root": (1, "first")}


def test_a_root_of_another_conversation_is_none() -> None:
    cake = [{"type": "conversation", "id": "cake"}, participant("ann") | {"conversation": "cake"}]
    elsewhere = message("elsewhere") | {"conversation": "cake"}
    for history in ([*PEOPLE, *cake, elsewhere], []):
        said = import_records([*history, message("reply", thread="elsewhere")])
        [line] = lines(said)
        assert line.endswith("thread: there is no message elsewhere in tea")


def test_a_root_that_was_sent_here_is_none() -> None:
    """What a history says changes imported messages only."""
    import_records([*PEOPLE, ROOT])
    tea = Conversation.objects.get()
    say(User.objects.get(username="ann"), tea, external_id="live")
    said = import_records([message("reply", thread="live")])
    assert lines(said) == ["line 1: thread: message live was sent here, not imported"]
    assert threads() == {}


def test_what_was_answered_here_stays_a_root() -> None:
    import_records([*PEOPLE, ROOT, message("first", "ben", 20)])
    first = Message.objects.get(external_id="first")
    thread = MessageReference(number=first.pk)
    say(User.objects.get(username="ann"), first.conversation, thread=thread)
    said = import_records([FIRST])
    assert lines(said) == ["line 1: thread: message first has replies that were sent here"]
    assert threads() == {"first": (1, None)}


@pytest.mark.parametrize("later_file", [False, True])
def test_a_reply_is_of_one_thread(later_file: bool) -> None:
    """A record that says nothing of it says nothing else."""
    known = [*PEOPLE, ROOT, message("other"), FIRST, FIRST | {"thread": None}]
    contradiction = FIRST | {"thread": "other"}
    if later_file:
        import_records(known)
        said = import_records([contradiction])
    else:
        said = import_records([*known, contradiction])
    where = "import" if later_file else "line"
    [line] = lines(said)
    assert line.endswith(f"thread: message first replies to another message in an earlier {where}")
    assert roots() == {"first": "root"}


def test_a_system_line_is_no_reply() -> None:
    said = import_records([*PEOPLE, ROOT, message("line", kind="system", thread="root")])
    assert lines(said) == ["line 9: thread: a system line is no reply"]


def test_deleted_replies_do_not_count() -> None:
    """Deleted at once, or by a later file."""
    gone = {"deleted_at": START + 50}
    import_records([*PEOPLE, ROOT, FIRST, SECOND | gone])
    assert threads() == {"root": (1, "first")}
    import_records([FIRST | gone])
    assert threads() == {}


def test_who_asked_not_to_follow_does_not() -> None:
    import_records([*PEOPLE, ROOT, FIRST])
    root = Message.objects.get(external_id="root")
    services.follow_thread(
        conversation_id=root.conversation_id, root=root.pk, username="ben", following=False
    )
    import_records([FIRST, message("third", "ben", 40, thread="root")])
    assert threads() == {"root": (2, "third")}
    assert followers("root") == {"ann"}


def test_a_stay_that_comes_later_gives_rows_in_the_thread() -> None:
    """Rule 1: the set of recipients follows from all stays."""
    import_records([*PEOPLE, ROOT, FIRST])
    import_records([{"type": "user", "id": "dan"}, participant("dan")])
    assert MessageStatus.objects.filter(recipient__username="dan").count() == 2
    assert roots() == {"first": "root"}


def test_receipts_and_watermarks_of_replies() -> None:
    """Rule 6: as of all messages."""
    read = {"type": "receipt", "message": "first", "user": "cat", "read_at": START + 25}
    seen = {"type": "watermark", "conversation": "tea", "user": "ann", "read_up_to": "second",
            "at": START + 60}  # fmt: skip
    import_records([*PEOPLE, ROOT, FIRST, SECOND, read, seen])
    counts = dict(Message.objects.values_list("external_id", "read_count"))
    assert counts == {"root": 0, "first": 2, "second": 1}


def test_live_replies_join_the_thread_of_a_history() -> None:
    import_records([*PEOPLE, ROOT, FIRST])
    root = Message.objects.get(external_id="root")
    cat = User.objects.get(username="cat")
    say(cat, root.conversation, external_id="live", thread=MessageReference(number=root.pk))
    assert threads() == {"root": (2, "live")}
    import_records([SECOND])
    assert threads() == {"root": (3, "live")}
