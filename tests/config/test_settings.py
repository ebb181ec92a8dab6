"""Settings: safe in production, and each says by its variable's name what is wrong with it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.core.exceptions import ImproperlyConfigured

from config import environment
from tests.support import ROOT

STRONG = "Kq3vJx8mTz1bYw5nRd7cLf9hGs2pUa4eXi6oVt0k_Zj-Wr8yMb"
PRODUCTION = """
import json, django; django.setup()
from django.core.management import call_command
from django.test import Client
call_command("check", deploy=True, fail_level="WARNING")
client = Client(SERVER_NAME="localhost")
answers = [client.get(path) for path in ("/healthz/", "/readyz/", "/api/v1/me/", "/admin/")]
answers.append(client.get("/api/v1/me/", secure=True))
print(json.dumps([[a.status_code, a.get("Location"), a.get("Strict-Transport-Security")]
                  for a in answers]))
"""


def test_production_passes_djangos_checks_and_speaks_https(tmp_path: Path) -> None:
    """Without DEMO: everything is sent to HTTPS, save what asks whether the process is well."""
    env = {k: v for k, v in os.environ.items() if k not in ("DEMO", "DEBUG", "HTTPS")}
    env |= {
        "SECRET_KEY": STRONG,
        "DATABASE_URL": f"sqlite:///{tmp_path}/empty.sqlite3",
    }
    run = subprocess.run(
        [sys.executable, "-c", PRODUCTION], env=env, cwd=ROOT, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    alive, ready, plain, admin, secure = json.loads(run.stdout.splitlines()[-1])
    assert (alive[0], ready[0]) == (200, 503)
    assert plain[:2] == [301, "https://localhost/api/v1/me/"]
    assert admin[:2] == [301, "https://localhost/admin/"]
    assert (secure[0], secure[2]) == (401, "max-age=3600")


def test_hsts_begins_small() -> None:
    """A year for all hosts of a domain cannot be taken back, so each is a setting of its own."""
    given = {"HSTS_SECONDS": "31536000", "HSTS_INCLUDE_SUBDOMAINS": "1", "HSTS_PRELOAD": "1"}
    asked = "from django.conf import settings as s; print(s.SECURE_HSTS_SECONDS,"
    asked += " s.SECURE_HSTS_INCLUDE_SUBDOMAINS, s.SECURE_HSTS_PRELOAD)"
    for https, said in (("1", "31536000 True True"), ("0", "0 True True")):
        env = os.environ | given | {"DEMO": "1", "HTTPS": https}
        env["DJANGO_SETTINGS_MODULE"] = "config.settings"
        command = [sys.executable, "-c", asked]
        run = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True)
        assert run.stdout.strip() == said, run.stderr


@pytest.mark.parametrize(
    ("read", "wrong"),
    [
        (environment.flag, ["maybe", "2", " "]),
        (lambda name: environment.number(name, 5), ["-1", "1.5", "ten", "0x10"]),
        (lambda name: environment.one_of(name, "json", "text"), ["xml", "json "]),
        (environment.choice, ["maybe", "2"]),
        (environment.networks, ["10.0.0.0/40", "localhost"]),
        (environment.mapping, ["[]", "{", "1"]),
        (environment.origins, [
            "*", "null", "file://", "app.example", "https://", "https://app.example/",
            "https://app.example/path", "https://*.example", "https://ann@app.example",
            "https://app.example:", "https://app.example:65536", "https://app.example?x",
            "https://ok.example,https://not ok.example",
        ]),
        (lambda name: environment.key_set_url(name, allow_http=False), [
            "http://idp.example/keys", "idp.example/keys", "file:///etc/passwd", "https://",
            "https://idp.example:x/", "https://idp.example:0/", "https://u:p@idp.example/",
            "https://idp.example/schl\u00fcssel",
        ]),
        (lambda name: environment.proxies(name, ""), [
            "*", "proxy", "10.0.0.300", "10.0.0.1/8", "0.0.0.0/0", "::/0", "10.0.0.1,proxy:80",
        ]),
        (environment.public_keys, ['{"k": "secret"}', '{"k": 1}', "[]"]),
        (lambda name: environment.database(name, ""), ["nonsense", "oracledb://x", "postgres://h:p/d"]),
        (lambda name: environment.secret(name, Path(__file__) / "no" / "folder"), [""]),
    ],
)  # fmt: skip
def test_a_setting_that_cannot_be_used_names_its_variable(
    monkeypatch: pytest.MonkeyPatch, read: Callable[[str], Any], wrong: list[str]
) -> None:
    """At the start, not at the first request that needs it."""
    for value in wrong:
        monkeypatch.setenv("SEENBY_X", value)
        with pytest.raises(ImproperlyConfigured, match="SEENBY_X"):
            read("SEENBY_X")


def test_origins_are_as_browsers_send_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """In lower case, without the scheme's own port; pages in apps have schemes of their own."""
    given = "https://App.example:443, http://localhost:80,http://[::1]:3000,capacitor://localhost"
    monkeypatch.setenv("SEENBY_X", f"{given},https://app.example:80,")
    assert environment.origins("SEENBY_X") == [
        "https://app.example", "http://localhost", "http://[::1]:3000", "capacitor://localhost",
        "https://app.example:80",
    ]  # fmt: skip
    monkeypatch.delenv("SEENBY_X")
    assert environment.origins("SEENBY_X") == []


def started(tmp_path: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Django with these settings, until it would serve."""
    env = {k: v for k, v in os.environ.items() if k not in ("DEMO", "DEBUG", "JWT_SECRET")}
    env |= {"SECRET_KEY": STRONG, "DATABASE_URL": f"sqlite:///{tmp_path}/empty.sqlite3"}
    code = "import django; django.setup()"
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=env | variables, cwd=ROOT, capture_output=True, text=True)


@pytest.mark.parametrize("name", ["SECRET_KEY", "JWT_SECRET"])
@pytest.mark.parametrize("weak", ["abc", "k" * 31, "é" * 15, "a" * 64, "abababab" * 8])
def test_a_weak_secret_stops_the_start_and_is_not_printed(
    tmp_path: Path, name: str, weak: str
) -> None:
    """Whoever guesses it signs tokens for anybody; to try it out, any will do."""
    run = started(tmp_path, **{name: weak})
    assert run.returncode != 0
    last = run.stderr.strip().splitlines()[-1]
    assert last.startswith(f"django.core.exceptions.ImproperlyConfigured: {name} must be ")
    assert weak not in last
    for lenient in ("DEMO", "DEBUG"):
        assert started(tmp_path, **{name: weak, lenient: "1"}).returncode == 0


def test_a_secret_of_32_random_bytes_is_enough(tmp_path: Path) -> None:
    assert started(tmp_path, JWT_SECRET=STRONG[:32]).returncode == 0


PUBLIC: dict[str, Any] = {
    "rsa2048": lambda: rsa.generate_private_key(65537, 2048),
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "rsa1024": lambda: rsa.generate_private_key(65537, 1024),
    "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "p192": lambda: ec.generate_private_key(ec.SECP192R1()),
    "x25519": x25519.X25519PrivateKey.generate,
    "dsa": lambda: dsa.generate_private_key(1024),
}


@pytest.mark.parametrize("kind", PUBLIC)
def test_public_keys_that_are_too_weak_are_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """RSA below 2048 bits, other curves than that of ES256, and what signs no tokens at all."""
    pem = PUBLIC[kind]().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    monkeypatch.setenv("SEENBY_X", json.dumps({"the-key": pem.decode()}))
    if kind in ("rsa2048", "p256", "ed25519"):
        assert set(environment.public_keys("SEENBY_X")) == {"the-key"}
        return
    with pytest.raises(ImproperlyConfigured, match=r"SEENBY_X: 'the-key' (has|is)"):
        environment.public_keys("SEENBY_X")


def test_a_key_set_is_fetched_by_https_outside_a_trial(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whoever can change it on its way signs tokens for anybody."""
    assert started(tmp_path, JWT_JWKS_URL="https://idp.example/keys?x=1").returncode == 0
    plain = "http://127.0.0.1:8080/keys"
    assert "JWT_JWKS_URL must be" in started(tmp_path, JWT_JWKS_URL=plain).stderr
    for lenient in ("DEMO", "DEBUG"):
        assert started(tmp_path, JWT_JWKS_URL=plain, **{lenient: "1"}).returncode == 0
    monkeypatch.delenv("SEENBY_X", raising=False)
    assert environment.key_set_url("SEENBY_X", allow_http=False) == ""


def test_a_former_secret_key_is_as_strong(tmp_path: Path) -> None:
    assert started(tmp_path, SECRET_KEY_FALLBACKS=f"{STRONG}1,{STRONG}2").returncode == 0
    run = started(tmp_path, SECRET_KEY_FALLBACKS=f"{STRONG},abc")
    assert "SECRET_KEY_FALLBACKS must be" in run.stderr


def test_a_secret_is_made_once_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Readable by its owner only; a variable that is set goes before it."""
    monkeypatch.delenv("SEENBY_X", raising=False)
    made = environment.secret("SEENBY_X", tmp_path / "var" / "secret")
    assert made == environment.secret("SEENBY_X", tmp_path / "var" / "secret") != ""
    assert (tmp_path / "var" / "secret").stat().st_mode & 0o777 == 0o600
    monkeypatch.setenv("SEENBY_X", "given")
    assert environment.secret("SEENBY_X", tmp_path / "var" / "secret") == "given"


def test_every_variable_is_documented() -> None:
    """docs/operating.md lists what the settings read, under the same names."""
    read = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', (ROOT / "config/settings.py").read_text()))
    documented = set(re.findall(r"`([A-Z_]+)`", (ROOT / "docs/operating.md").read_text()))
    assert read
    assert not read - documented


# --- Where they come from -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("read", "content", "found"),
    [
        (environment.text, "a secret\n", "a secret"),
        (environment.flag, "on\n", True),
        (lambda name: environment.number(name, 5), "7\r\n", 7),
        (environment.words, "a, b", ["a", "b"]),
        (lambda name: environment.some_of(name, "a", "b", default=True), "b", ["b"]),
        (lambda name: environment.secret(name, Path("/no")), "kept\n", "kept"),
        (lambda name: environment.database(name, "")["NAME"], "sqlite:///x.sqlite3\n", "x.sqlite3"),
    ],
)
def test_any_setting_may_stand_in_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, read: Any, content: str, found: Any
) -> None:
    """``<name>_FILE``, as secrets are mounted into containers."""
    (tmp_path / "setting").write_text(content)
    monkeypatch.setenv("SEENBY_X_FILE", str(tmp_path / "setting"))
    assert read("SEENBY_X") == found


def test_a_setting_stands_in_one_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Both is an error that names them, and so is a file that cannot be read."""
    monkeypatch.setenv("SEENBY_X_FILE", str(tmp_path / "missing"))
    with pytest.raises(ImproperlyConfigured, match=r"^SEENBY_X_FILE: .*missing"):
        environment.text("SEENBY_X")
    monkeypatch.setenv("SEENBY_X", "too")
    with pytest.raises(ImproperlyConfigured, match="SEENBY_X and SEENBY_X_FILE"):
        environment.text("SEENBY_X")


@pytest.mark.parametrize("url", ["mysql://ann:secret@db/x", "oracle://ann:secret@db/x"])
def test_another_kind_of_database_is_refused_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    """Without its password, and not by a missing driver."""
    monkeypatch.setenv("SEENBY_X", url)
    with pytest.raises(ImproperlyConfigured, match="needs PostgreSQL or SQLite") as raised:
        environment.database("SEENBY_X", "")
    assert "secret" not in str(raised.value)


def test_a_wrong_setting_is_one_line_to_an_operator() -> None:
    """Not a traceback with that line at its end."""
    env = os.environ | {"DATABASE_URL": "mysql://ann:secret@db/x", "DEMO": "1"}
    command = [sys.executable, "manage.py", "serve"]
    run = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True)
    assert (run.returncode, run.stderr.count("\n")) == (1, 1)
    assert run.stderr.startswith("DATABASE_URL must be")


TELL = """
import django; django.setup()
from django.conf import settings
print(settings.PORT, settings.JWT_ISSUER, settings.JWT_AUDIENCE)
"""


def in_folder(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Settings as they are where the service is started in this folder, outside of tests."""
    env = {k: v for k, v in os.environ.items() if k not in ("PYTEST_VERSION", "PORT")}
    env |= {"PYTHONPATH": str(ROOT), "DEMO": "1", "LOG_LEVEL": "WARNING"}
    command = [sys.executable, "-c", TELL]
    return subprocess.run(command, env=env | variables, cwd=folder, capture_output=True, text=True)


def test_a_file_in_the_working_directory_adds_to_the_environment(tmp_path: Path) -> None:
    """``.env``; the real environment wins, also with the name of a file."""
    (tmp_path / "issuer").write_text("from the file")
    (tmp_path / ".env").write_text("PORT=9001\nJWT_ISSUER=dotenv\nJWT_AUDIENCE='a ${b} $c' # x\n")
    real = {"JWT_ISSUER_FILE": str(tmp_path / "issuer")}
    assert in_folder(tmp_path).stdout.strip() == "9001 dotenv a ${b} $c"
    assert in_folder(tmp_path, PORT="9002", **real).stdout.startswith("9002 from the file")
    assert in_folder(tmp_path, PYTEST_VERSION="9").stdout.strip() == "8000 seenby seenby"


def test_misspelt_variables_are_named_at_the_start(tmp_path: Path) -> None:
    """And what begins as ours do; what a system has is left alone."""
    wrong = {"ALLOWED_HOST": "ALLOWED_HOSTS", "DB_POOLMAX": "DB_POOL_MAX",
             "THROTTLE_USER_READ": "THROTTLE_USER_READS", "SECRET_KEY_FIEL": "SECRET_KEY_FILE",
             "DATABASE_URI": "DATABASE_URL", "WEBHOOKS_RETRY": "docs/operating.md"}  # fmt: skip
    right = {"HOME": "/", "HOSTNAME": "x", "DB_SERVICE_HOST": "x", "LANGUAGE": "en", "PORTS": "1",
             "SERVER_PORT_8000_TCP_ADDR": "x", "TEST_DATABASE_URL": ""}  # fmt: skip
    told = in_folder(tmp_path, **dict.fromkeys(wrong, "1"), **right).stderr
    lines = [json.loads(line) for line in told.splitlines()]
    assert [line["level"] for line in lines] == ["warning"] * len(wrong)
    for name, meant in wrong.items():
        [line] = [line["message"] for line in lines if line["message"].startswith(f"{name} is")]
        assert meant in line
