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
        (lambda name: environment.networks(name, ""), [
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
