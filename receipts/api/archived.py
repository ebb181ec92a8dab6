"""The 410 response for a message whose rows are archived, with the time of archiving."""

from __future__ import annotations

from datetime import datetime

from rest_framework import status
from rest_framework.exceptions import APIException

from receipts.api.shapes import gone
from receipts.reads.selectors import takes_part
from receipts.rules.rows import MessageRow


class Archived(APIException):
    """The message is settled, and ``prune_receipts`` has deleted its rows.

    The text does not reveal that everybody has read it: a recipient who marks may learn that the
    receipts are gone, not what they were (rule 17).
    """

    status_code = status.HTTP_410_GONE
    default_code = "archived"

    def __init__(self, at: datetime) -> None:
        time = at.isoformat(timespec="seconds").replace("+00:00", "Z")
        super().__init__(
            f"The receipts of this message were archived at {time}; its counts are in its summary."
        )


#: For ``extend_schema``, in addition to an operation's other responses.
ARCHIVED = gone(
    Archived.default_code,
    "The receipts of this message are archived: only its counts are kept.",
)


def refuse_archived_mark(message: MessageRow, username: str) -> None:
    """Refuse a mark on an archived message to all participants except its sender.

    Everybody has read it, so nothing can change. Its recipients are no longer known, so a user who
    joined later gets the same response; the sender never was a recipient (rule 4).
    """
    if (
        message["archived_at"] is not None
        and message["sender__username"] != username
        and takes_part(message["conversation_id"], username)
    ):
        raise Archived(message["archived_at"])
