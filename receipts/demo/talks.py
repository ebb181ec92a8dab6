"""The sample conversations, and how far each user has received and read them."""

from __future__ import annotations

from dataclasses import dataclass, field

PEOPLE = {
    "alice": "Alice Moreau",
    "bob": "Bob Okafor",
    "carol": "Carol Lind",
    "dave": "Dave Petrov",
    "erin": "Erin Sato",
    "frank": "Frank Weiss",
}
#: Has read receipts switched off (rule 13).
DISCREET = "erin"


@dataclass(frozen=True, kw_only=True)
class Talk:
    """A conversation. A line is (minutes ago, sender, text); lines are numbered from 1."""

    external_id: str
    kind: str = "group"
    title: str = ""
    #: Usernames of the participants, the owner first.
    people: tuple[str, ...]
    lines: list[tuple[int, str, str]]
    #: System lines: (minutes ago, text).
    notes: tuple[tuple[int, str], ...] = ()
    #: By username: up to which line they have received, and read. Senders have read everything
    #: above their own lines.
    come: dict[str, tuple[int, int]] = field(default_factory=dict)
    #: By line: to whom it could not be delivered, and why.
    failures: dict[int, tuple[str, str]] = field(default_factory=dict)
    #: By line: who acknowledged it, and in which words.
    acknowledged: dict[int, tuple[str, str]] = field(default_factory=dict)
    #: By line: to which line it replies.
    replies: dict[int, int] = field(default_factory=dict)
    deleted: tuple[int, ...] = ()
    left: tuple[str, ...] = ()
    visible_to: str = "sender"


def direct(one: str, other: str) -> str:
    """The external id of the direct conversation of two users."""
    return "demo:" + "+".join(sorted([one, other]))


#: The group of all demo users.
TEAM = "demo:team"

#: By latest activity, oldest first.
TALKS = [
    Talk(
        external_id=direct("dave", "carol"),
        kind="direct",
        people=("dave", "carol"),
        lines=[
            (2940, "dave", "Is the ramp at the side door still there?"),
            (2931, "carol", "It is, but somebody has parked bicycles on it."),
            (2890, "dave", "I will move them on Thursday."),
        ],
        come={"carol": (3, 3)},
    ),
    Talk(
        external_id=direct("alice", "frank"),
        kind="direct",
        people=("alice", "frank"),
        lines=[
            (1810, "frank", "My phone fell into the lake. I am on the old one until Monday."),
            (1795, "alice", "Oh no! Shall I ring you at home?"),
        ],
        come={"alice": (1, 1)},
        failures={2: ("frank", "No device has been reachable for 24 hours.")},
    ),
    Talk(
        external_id="demo:archive",
        title="Moving the archive",
        people=("carol", "alice", "bob", "dave"),
        lines=[
            (1730, "carol", "Forty boxes, two vans, one morning. Who is in?"),
            (1721, "bob", "Me, with the small van."),
            (1720, "bob", "and my phone number is 0117 496 0123"),
            (1650, "alice", "I can label boxes from nine."),
            (1322, "carol", "Then we meet at the side door at half past eight."),
        ],
        come={"alice": (5, 5), "bob": (5, 5), "dave": (2, 0)},
        deleted=(3,),
        left=("dave",),
    ),
    Talk(
        external_id="demo:news",
        title="Announcements",
        people=("alice", "bob", "carol", "dave", "erin", "frank"),
        lines=[
            (1500, "alice", "The office is closed on Friday."),
            (1210, "alice", "The new badges can be fetched at the desk. Bring the old one along."),
        ],
        come={"bob": (2, 2), "carol": (2, 2), "dave": (2, 1), "erin": (2, 2), "frank": (2, 1)},
        acknowledged={1: ("carol", "Understood, the archive too.")},
        visible_to="participants",
    ),
    Talk(
        external_id=direct("bob", "erin"),
        kind="direct",
        people=("bob", "erin"),
        lines=[
            (424, "erin", "I have put the link for Thursday on the board."),
            (391, "bob", "Thanks! Does it work from a phone, too?"),
        ],
        come={"bob": (1, 1), "erin": (2, 2)},
    ),
    Talk(
        external_id=direct("alice", "carol"),
        kind="direct",
        people=("alice", "carol"),
        lines=[
            (300, "alice", "How did it go with the landlord?"),
            (
                158,
                "carol",
                "Better than we thought. We get the side entrance and the ramp, the lift is ours"
                " on Saturday until noon, and the deposit stays as it is. In return he wants the"
                " boxes out of the hall by six, every day.\n\nI wrote it all down, you find it in"
                " the folder under Move.",
            ),
            (156, "carol", "Can you sign it today?"),
        ],
        come={"carol": (1, 1), "alice": (3, 0)},
    ),
    Talk(
        external_id=direct("alice", "bob"),
        kind="direct",
        people=("bob", "alice"),
        lines=[
            (180, "bob", "Lunch at half past twelve?"),
            (174, "alice", "Make it one, I have a call."),
            (172, "bob", "One it is. The usual place."),
            (84, "alice", "See you there!"),
        ],
        come={"bob": (4, 4)},
    ),
    Talk(
        external_id=TEAM,
        title="Thursday meeting",
        people=("alice", "bob", "carol", "dave", "erin", "frank"),
        notes=((1564, "Alice Moreau created the group."),),
        lines=[
            (1563, "alice", "Is everybody coming on Thursday?"),
            (1551, "bob", "I am. Who brings the projector?"),
            (1549, "carol", "Me, if somebody helps me carry it."),
            (1502, "dave", "I can help from noon on."),
            (1499, "alice", "Perfect. I booked the room from one to four."),
            (1466, "erin", "Will there be a link for those at home?"),
            (1464, "alice", "Yes, I will send it on Thursday morning."),
            (1441, "frank", "Count me in, at home."),
            (131, "bob", "Agenda so far: figures, hiring, the move."),
            (118, "carol", "Please add ten minutes for the new rota."),
            (116, "bob", "Added."),
            (26, "alice", "The figures are in the folder now. Please read them before."),
        ],
        come={
            "alice": (12, 10), "bob": (12, 12), "carol": (12, 12), "dave": (12, 9),
            "erin": (12, 12), "frank": (8, 8),
        },
        replies={10: 9, 11: 9},
    ),
]  # fmt: skip
