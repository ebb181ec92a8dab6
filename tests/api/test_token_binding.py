"""A token belongs to an account, not to its name: the next account of that name is not opened."""

from __future__ import annotations

import json
import time as clock
from collections.abc import Callable
from typing import Any

import jwt
import pytest

from chat.authentication import issue_token
from chat.models import HELD, Conversation, FreedName, User
from receipts.importing import Report, import_history
from receipts.models import MessageStatus
from tests.support.cast import Api, say

SECRET = "s" * 40


@pytest.fixture(autouse=True)
def known_keys(settings: Any) -> None:
    settings.JWT_SECRET, settings.GATEWAYS = SECRET, ["sendbird", "socialplus", "agora"]


def signed(**claims: Any) -> str:
    """A token for bob as a backend signs it, without an account's id."""
    given = {"sub": "bob", "iss": "seenby", "aud": "seenby", "exp": int(clock.time()) + 9_000}
    return jwt.encode({**given, **claims}, SECRET, algorithm="HS256")


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Go on two minutes: for what was freed, and for what servers remember of tokens."""

    def go_on() -> None:
        for name in FreedName.objects.all():  # one by one, as Citus adds no interval to a column
            FreedName.objects.filter(pk=name.pk).update(freed_at=name.freed_at - HELD)
        now = clock.time
        monkeypatch.setattr("chat.authentication.time", lambda: now() + HELD.total_seconds())

    return go_on


@pytest.fixture
def newcomer(api: Any, bob: User, service_key: str, later: Any) -> Callable[[], User]:
    """Forget bob, and later give his name to somebody else."""

    def reuse() -> User:
        api(service_key)("DELETE", "/users/bob/", status=200)
        later()
        api(service_key).post("/users/", {"username": "bob"}, status=201)
        return User.objects.get(username="bob")

    return reuse


def is_refused(token: str) -> bool:
    """Whether a token opens nothing: pages, marks, the stream, and the gateways."""
    caller = Api(token)
    body = {"userId": "bob", "deviceId": "x", "authToken": token}
    codes = {
        caller.client.get("/api/v1/me/").status_code,
        caller.client.get("/api/v1/events/", HTTP_ACCEPT="text/event-stream").status_code,
        caller.client.post("/api/v1/me/mark-read/").status_code,
        caller.client.post("/api/v1/messages/1/read/").status_code,
        caller.client.get("/api/v3/messages").status_code,
        caller.client.post("/api/v5/sessions", body, format="json").status_code,
    }
    return codes - {404} == {401}


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(None, id="issued here"),
        pytest.param({}, id="without a time"),
        pytest.param({"iat": 1}, id="with an earlier time"),
        pytest.param({"seenby_account": "1", "iat": 2**31}, id="with an id of another type"),
        pytest.param({"seenby_account": True}, id="with a boolean"),
    ],
)
def test_an_earlier_token_opens_nothing_of_the_next_account(
    newcomer: Callable[[], User], bob: User, made: dict[str, Any] | None
) -> None:
    """Neither one that we issued nor one that a backend signed."""
    token = issue_token(bob)[0] if made is None else signed(**made)
    if made is None or "seenby_account" not in made:
        assert Api(token).get("/me/")["username"] == "bob"  # and a server remembers it
    assert newcomer().pk != bob.pk
    assert is_refused(token)


def test_tokens_of_the_next_account_open_it(newcomer: Callable[[], User]) -> None:
    """Issued here at once, or signed by a backend that states when."""
    user = newcomer()
    for token in (issue_token(user)[0], signed(iat=int(clock.time()))):
        assert Api(token).get("/me/")["username"] == "bob"
    assert Api(signed(seenby_account=user.pk)).get("/me/")["username"] == "bob"


def test_a_backends_tokens_need_no_time_for_a_name_that_was_never_freed(bob: User) -> None:
    assert Api(signed()).get("/me/")["username"] == "bob"
    assert Api(signed(iat=1)).get("/me/")["username"] == "bob"


def test_a_remembered_token_marks_nothing_after_its_user_was_forgotten(
    api: Any, group: Conversation, alice: User, bob: User, service_key: str
) -> None:
    """Marks go by the username of a token that was verified less than a minute ago."""
    message, caller = say(alice, group), api(bob)
    caller.get("/me/")
    api(service_key)("DELETE", "/users/bob/", status=200)
    for path in (f"/messages/{message.pk}/read/", f"/conversations/{group.pk}/mark-read/"):
        caller.post(path, status=401)
    item = {"message": message.pk, "state": "read"}
    caller.post("/receipts/", {"receipts": [item]}, status=401)
    assert not MessageStatus.objects.exclude(seen_at=None).exists()


def test_a_freed_name_is_remembered_when_the_secret_key_changes(
    newcomer: Callable[[], User], bob: User, settings: Any
) -> None:
    """SECRET_KEY_FALLBACKS: the digests of freed names are keyed."""
    token, former = signed(), settings.SECRET_KEY
    free = FreedName.objects.free

    def freed(*args: Any, **options: Any) -> None:
        free(*args, **options)
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = f"{SECRET}-new", [former]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FreedName.objects, "free", freed)
        assert newcomer().tokens_valid_from is not None
    assert not FreedName.objects.get().is_pending
    assert is_refused(token)


def test_a_freed_name_is_held_for_two_minutes(
    api: Any, bob: User, service_key: str, later: Any
) -> None:
    """409 that says when; with the vendor's code at a gateway."""
    api(service_key)("DELETE", "/users/bob/", status=200)
    refusal = api(service_key).post("/users/", {"username": "bob"}, status=409)
    freed_at = FreedName.objects.get().freed_at
    assert (freed_at + HELD).isoformat(timespec="seconds") in refusal["detail"]
    sendbird = Api(None).client
    sendbird.credentials(HTTP_API_TOKEN=service_key)
    body = {"user_id": "bob", "nickname": "", "profile_url": ""}
    assert sendbird.post("/v3/users", body, format="json").json()["code"] == 400202
    assert not User.objects.filter(username="bob").exists()
    later()
    api(service_key).post("/users/", {"username": "bob"}, status=201)


def test_a_name_is_held_while_its_erasure_is_pending(
    api: Any, group: Conversation, bob: User, service_key: str, settings: Any, later: Any
) -> None:
    """Otherwise repeating the request would forget the next account of that name."""
    settings.BATCH_BUDGET_MS = 0
    assert api(service_key)("DELETE", "/users/bob/", status=202) == {"complete": False}
    later()
    refusal = api(service_key).post("/users/", {"username": "bob"}, status=409)
    assert "still being erased" in refusal["detail"]


def test_an_import_gives_out_no_held_name_and_binds_tokens_of_a_freed_one(
    api: Any, bob: User, alice: User, service_key: str, later: Any
) -> None:
    token = issue_token(bob)[0]
    api(service_key)("DELETE", "/users/bob/", status=200)
    lines = [json.dumps({"type": "user", "id": name}).encode() for name in ("erin", "bob")]
    said: list[str] = []
    import_history(lines, Report(said.append), batch_size=10)
    assert len(said) == 1
    assert said[0].startswith("line 2: id: This username was freed a moment ago")
    assert not User.objects.filter(username="bob").exists()
    later()
    import_history(lines, Report(said.append), batch_size=10)
    assert User.objects.get(username="bob").tokens_valid_from is not None
    assert User.objects.get(username="erin").tokens_valid_from is None
    assert is_refused(token)


def test_a_token_is_looked_up_once_a_minute(
    api: Any, group: Conversation, alice: User, bob: User, statements: Any, later: Any
) -> None:
    """One query more for a mark with a token that was not verified a moment ago."""
    messages = [say(alice, group) for _ in range(3)]
    caller = Api(signed(iat=1, nonce=0))
    counted = []
    for message in messages[:2]:
        with statements() as counting:
            caller.post(f"/messages/{message.pk}/read/")
        counted.append(len(counting))
    later()
    with statements() as counting:
        caller.post(f"/messages/{messages[2].pk}/read/")
    assert [*counted, len(counting)] == [counted[1] + 1, counted[1], counted[1] + 1]
