"""Lines of a conversation: its main line, and the replies of each thread (rule 30)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from chat.names import MessageReference

#: What requests call the messages outside threads. No reference to a message looks like it.
MAIN: Literal["main"] = "main"
#: How requests name a line: ``main``, or the root of a thread.
ThreadReference = MessageReference | Literal["main"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageLine:
    """Which messages a mark is about: all, those outside threads, or the replies of one thread."""

    is_main: bool = False
    #: The message that the thread's messages reply to.
    root: int | None = None

    @property
    def rows_sql(self) -> str:
        """SQL: a further condition on ``status``, with the parameter ``thread``; may be empty."""
        if self.is_main:
            return " AND status.thread_id IS NULL"
        return "" if self.root is None else " AND status.thread_id = %(thread)s"


EVERYTHING = MessageLine()
MAIN_LINE = MessageLine(is_main=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The thread that a message is sent to."""

    root: int
    root_sender: int
    #: Whether only those who follow the thread receive it.
    is_for_followers: bool
