"""What events add to the cost of a mark: the service with and without them, in turns."""

from __future__ import annotations

from collections import defaultdict
from statistics import median

from benchmarks.listeners import listening
from benchmarks.marks_over_http import Client, Figures, apart, note, tell
from benchmarks.processes import postmaster, running_service
from benchmarks.timing import ratios, spread
from benchmarks.world import World, execute, token_for, token_of
from receipts.models import MessageStatus, ReceiptEvent

RECIPIENTS = 50
#: Few marks per round and many rounds: the load by other jobs changes within seconds.
MESSAGES = 10
ROUNDS = 24


def run() -> None:
    """The goal: at most 1.15 times the cost without; with a connected sender, and without."""
    world = World(RECIPIENTS)
    world.say(1)
    tokens, database = [token_of(pk) for pk in world.recipients], postmaster()
    found: dict[str, Figures] = defaultdict(lambda: defaultdict(list))

    def mark(client: Client, announced: bool) -> dict[str, float]:
        execute("TRUNCATE receipts_receiptevent")
        messages = world.say(MESSAGES)
        requests = [(f"/api/v1/messages/{pk}/read/", reader) for pk, reader in apart(messages)]
        answer = client.send(requests)
        assert MessageStatus.objects.filter(read_at__isnull=False).count() == len(requests)
        # One row, for the sender and for the reader.
        assert ReceiptEvent.objects.count() == len(requests) * announced
        return answer

    with (
        running_service() as (port, pid),
        running_service("benchmarks.quiet:application") as (quiet_port, quiet_pid),
    ):
        announcing = Client(port, tokens, server=pid, database=database)
        quiet = Client(quiet_port, tokens, server=quiet_pid, database=database)
        mark(announcing, True), mark(quiet, False)

        def without() -> None:
            note(found["quiet"], mark(quiet, False))

        def announced() -> None:
            note(found["announced"], mark(announcing, True))

        def heard() -> None:
            with listening(port, loud=[token_for(world.sender.username)]) as listeners:
                note(found["heard"], mark(announcing, True))
                listeners.end()

        kinds = [without, announced, heard]
        for number in range(ROUNDS):
            for kind in kinds[number % 3 :] + kinds[: number % 3]:
                kind()
    for name, figures in found.items():
        tell(name, figures)
    for name in "announced", "heard":
        ours, theirs = found[name], found["quiet"]
        cpu = {each: ratios(ours[each], theirs[each]) for each in ("cpu", "server", "database")}
        print(
            f"  {name} / quiet: CPU {spread(cpu['cpu'])} x, of all rounds together"
            f" {sum(ours['cpu']) / sum(theirs['cpu']):.2f} (server {median(cpu['server']):.2f},"
            f" database {median(cpu['database']):.2f});"
            f" time per mark {spread(ratios(theirs['per_second'], ours['per_second']))} x",
            flush=True,
        )
