"""The demo's page and its tokens: for the people of its world, and only where DEMO is on."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from chat.models import Conversation, ServiceKey, User
from receipts import services
from receipts.demo.talks import PEOPLE, TEAM
from receipts.demo.world import load_world
from tests.support import ROOT
from tests.support.cast import Api

FILES = ROOT / "receipts" / "demo" / "static" / "demo"
PRODUCTION = """
import json, django; django.setup()
from django.test import Client
client = Client(SERVER_NAME="localhost")
answers = [client.get("/"), client.get("/?as=alice"), client.get("/static/demo/main.js"),
           client.post("/demo/token/", {"username": "alice"}, "application/json")]
print(json.dumps([[a.status_code, a.headers["Content-Type"], a.content.decode()]
                  for a in answers]))
"""


@pytest.fixture
def world(db: None) -> None:
    assert load_world()


def token(username: Any, status: int = 201) -> Any:
    body = json.dumps({"username": username})
    answer = Client().post("/demo/token/", body, content_type="application/json")
    assert answer.status_code == status, answer.content
    return answer.json()


@pytest.mark.parametrize("username", PEOPLE)
def test_everybody_of_the_world_can_be_chosen(world: None, username: str) -> None:
    page = Client().get("/").content.decode()
    assert f'href="/?as={username}"' in page
    assert PEOPLE[username] in page
    assert Api(token(username)["token"]).get("/me/")["username"] == username


@pytest.mark.parametrize("username", ["moderator", "admin", "mia", "nobody", "Alice"])
def test_nobody_else_gets_a_token(world: None, moderator: User, username: str) -> None:
    assert token(username, 404)["code"] == "not_found"


@pytest.mark.parametrize("body", [{}, {"username": 1}, {"username": "alice", "more": 1}, []])
def test_a_malformed_wish_is_refused(world: None, body: Any) -> None:
    answer = Client().post("/demo/token/", json.dumps(body), content_type="application/json")
    assert answer.status_code == 400


def test_who_became_staff_is_no_demo_person_any_more(world: None) -> None:
    """A token tells more about staff than about people; nobody may have one for the asking."""
    User.objects.filter(username="bob").update(is_staff=True)
    token("bob", 404)
    assert "Bob" not in Client().get("/").content.decode()


def test_other_peoples_database_gives_no_tokens(db: None, alice: User) -> None:
    """An alice who is not the demo's: the page says how to see the demo instead."""
    assert not load_world()
    token("alice", 404)
    for address in ("/", "/?as=alice"):
        page = Client().get(address).content.decode()
        assert "use an empty database" in page
        assert "/?as=" not in page


@pytest.mark.parametrize("maker", ["person", "backend"])
def test_a_conversation_that_is_called_as_the_demos_gives_no_tokens(
    api: Any, alice: User, bob: User, service_key: str, maker: str
) -> None:
    """An alice and a bob of a real database, whom anybody could put into such a conversation."""
    team = {"kind": "group", "external_id": TEAM, "participants": ["alice", "bob"]}
    if maker == "person":
        services.create_conversation(
            owner=bob, participants=[alice], kind="group", external_id=TEAM
        )
    else:
        api(service_key).post("/conversations/", team, 201)
    assert not load_world()
    token("alice", 404)
    assert "/?as=" not in Client().get("/").content.decode()


def test_who_takes_a_name_of_the_world_later_is_not_of_it(world: None, api: Any) -> None:
    """The people are those that the demo made, not those who are called like them."""
    User.objects.filter(username="bob").update(username="robert")
    User.objects.create_user("bob")
    key = ServiceKey.issue(
        user=User.objects.create_user("backend", is_service=True), name="k", scopes=["write"]
    )
    team = Conversation.objects.get(external_id=TEAM)
    api(key).post(f"/conversations/{team.pk}/participants/", {"user": "bob"}, 201)
    token("bob", 404)
    token("robert", 404)


@pytest.mark.parametrize(
    "change",
    [{"is_staff": True}, {"is_superuser": True}, {"is_service": True}, {"is_active": False}],
)
def test_who_became_more_than_a_person_gets_no_token(world: None, change: dict[str, Any]) -> None:
    User.objects.filter(username="bob").update(**change)
    token("bob", 404)


def test_the_page_allows_nothing_from_elsewhere(world: None) -> None:
    """No file, script or style but our own; so nothing that people write can become one."""
    for address in ("/", "/?as=alice"):
        answer = Client().get(address)
        assert answer["Content-Security-Policy"].startswith("default-src 'self';")
        assert "unsafe" not in answer["Content-Security-Policy"]
        page = answer.content.decode()
        assert re.findall(r"""(?:src|href)="(?![/#])[^"]*""", page) == []
        assert not re.search(r"<style|\bstyle=|\bon\w+=|<script(?! type=| id=)", page)


def test_what_the_page_loads_is_there(world: None) -> None:
    """Also what its scripts import from each other, and what it adds to the page of the API."""
    page = "".join(Client().get(each).content.decode() for each in ("/?as=alice", "/api/v1/docs/"))
    named = set(re.findall(r'/static/demo/([\w.-]+)"', page))
    for script in FILES.glob("*.js"):
        named |= set(re.findall(r'from "\./([\w.-]+)"', script.read_text()))
    assert named == {file.name for file in FILES.iterdir() if file.is_file()}
    for address in ("/static/seenby/seenby.js", "/static/seenby/seenby-ticks.js"):  # client.js
        served = Client().get(address)
        assert (served.status_code, served["Content-Type"][:15]) == (200, "text/javascript")
        served.close()


def test_no_script_takes_html() -> None:
    for script in FILES.rglob("*.js"):
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|eval\(", script.read_text())


class Labels(HTMLParser):
    """Collects buttons and fields without a name for those who do not see them."""

    def __init__(self) -> None:
        super().__init__()
        self.nameless: list[Any] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        is_icon = "round" in (given.get("class") or "")
        if (is_icon or tag == "textarea") and "aria-label" not in given:
            self.nameless.append(attrs)


def test_every_icon_has_a_name(world: None) -> None:
    labels = Labels()
    labels.feed(Client().get("/?as=alice").content.decode())
    assert labels.nameless == []


def test_in_production_there_is_no_demo(tmp_path: Path) -> None:
    """Not its page, not its tokens, not its files: the JSON 404 of any unknown address."""
    env = {k: v for k, v in os.environ.items() if k not in ("DEMO", "DEBUG", "HTTPS")}
    env |= {"DATABASE_URL": f"sqlite:///{tmp_path}/empty.sqlite3", "HTTPS": "0"}
    env["SECRET_KEY"] = "Kq3vJx8mTz1bYw5nRd7cLf9hGs2pUa4eXi6oVt0k_Zj-Wr8yMb"
    run = subprocess.run(
        [sys.executable, "-c", PRODUCTION], env=env, cwd=ROOT, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    answers = json.loads(run.stdout.splitlines()[-1])
    assert [(status, kind) for status, kind, _ in answers] == [(404, "application/json")] * 4
    assert {json.loads(body)["code"] for _, _, body in answers} == {"not_found"}
