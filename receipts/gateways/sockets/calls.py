"""The database's part of a frame: a function that runs as the connection's user, on a thread."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from functools import partial
from types import SimpleNamespace
from typing import Any, NamedTuple, Protocol, TypeVar

from rest_framework.exceptions import Throttled

from chat.authentication import token_holder
from chat.callers import active_user
from chat.models import User
from receipts.api.throttles import is_within_rate, seconds_to_next_window
from receipts.feed.devices import Device, position_of_device, stored_position
from receipts.feed.looking import Listener
from receipts.feed.positions import Position
from receipts.gateways.refusals import Refusal, refusal_of
from receipts.gateways.sockets.vendor import Vendor

_Result = TypeVar("_Result")
logger = logging.getLogger("seenby.socket")

TOO_MANY = Refusal(503, "too_many_streams", "There are too many connections open.")
#: Errors are made as for a request, but there is none whose size would limit them.
_CONTEXT = {"request": SimpleNamespace(META={}, path="")}


class Threads(Protocol):
    """Runs a function on one of the threads that serve requests."""

    def __call__(self, work: Callable[[], _Result]) -> Awaitable[_Result]: ...


class CallRefused(Exception):
    """What a client asked for was refused, as the native API would refuse it."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.text)
        self.refusal = refusal


def as_user(
    listener: Listener, what: str, work: Callable[[User], _Result], *, writes: bool
) -> _Result:
    """Call ``work`` with the connection's user, within their rate; log it as one line.

    Raises ``CallRefused`` for every error; an unexpected one is logged.
    """

    def run() -> _Result:
        user = active_user(listener.username, listener.pk)
        if not is_within_rate(listener.username, is_key=False, writes=writes):
            raise Throttled(seconds_to_next_window())
        return work(user)

    return _refusing(what, run, listener.username)


class Login(NamedTuple):
    """A client that has authenticated."""

    user: User
    #: In Unix seconds.
    expires_at: float
    device: Device
    #: Where the device continues.
    position: Position
    #: Whether a device of a vendor that ``greets`` new ones is new, or was away for too long.
    is_new: bool
    #: Where its login over HTTP let it begin; None if there was none, or if its vendor has none.
    begun: Position | None


def log_in(token: str, vendor: Vendor, own_name: str, begun_as: str, renewed_as: str) -> Login:
    """The user of a token, and where their device is in the feed. Raises ``CallRefused``.

    A device that is new begins where one named ``begun_as`` does, which a login over HTTP has let
    begin anew, or else one named ``renewed_as``, which a renewal has; or now, if there is neither.
    """

    def run() -> Login:
        user, expires_at = token_holder(token)
        device, login, renewal = (
            Device.of(user, vendor.name, name) for name in (own_name, begun_as, renewed_as)
        )
        begun = stored_position(login) if begun_as else None
        if is_new := vendor.greets and stored_position(device) is None:
            # Its first login, however often it has to be greeted: nothing after that is skipped.
            position = position_of_device(Device.of(user, f"{vendor.name}:new", own_name))
        else:
            position = position_of_device(device, since=login if begun else renewal)
        return Login(user, expires_at, device, position, is_new, begun)

    return _refusing(f"{vendor.name} login", run, None)


def _refusing(what: str, run: Callable[[], _Result], caller: str | None) -> _Result:
    started, status = time.perf_counter(), 200
    try:
        return run()
    except Exception as error:
        refusal = refusal_of(error, _CONTEXT)
        status = refusal.status
        raise CallRefused(refusal) from error
    finally:
        ms = round((time.perf_counter() - started) * 1000, 2)
        logger.info(what, extra={"status": status, "ms": ms, "caller": caller})


def bound(work: Callable[..., _Result], *args: Any, **options: Any) -> Callable[[User], _Result]:
    """``work(user, *args, **options)`` as a function of the user."""
    return lambda user: partial(work, user)(*args, **options)
