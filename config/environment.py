"""Reads settings from their variables, with an error that names the variable."""

from __future__ import annotations

import json
import os
import re
import secrets
import tempfile
from contextlib import suppress
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from dj_database_url import DBConfig
from django.core.exceptions import ImproperlyConfigured

from chat.public_keys import weakness
from config.variables import variable

#: A signing secret has at least as many bits as the hash that it is used with.
MIN_SECRET_BYTES = 32
#: A secret with fewer different characters is not random.
MIN_DIFFERENT = 8
_ENGINES = {"django.db.backends.postgresql", "django.db.backends.sqlite3"}

_ORIGIN = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?:[a-z0-9_][a-z0-9._-]*|\[[0-9a-f:.]+\])(?P<port>:[0-9]{1,5})?"
)
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}

_ENGINES = {"django.db.backends.postgresql", "django.db.backends.sqlite3"}

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}


def text(name: str, default: str = "") -> str:
    """A string."""
    value = variable(name)
    return default if value is None else value


def flag(name: str, default: bool = False) -> bool:
    """A switch: 1/true/yes/on or 0/false/no/off."""
    value = variable(name)
    if value is None:
        return default
    if value.lower() in _TRUE:
        return True
    if value.lower() in _FALSE:
        return False
    raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}.")


def choice(name: str) -> str:
    """``auto``, which is the default, ``on`` or ``off``."""
    value = (variable(name) or "auto").lower()
    if value == "auto":
        return value
    if value not in _TRUE | _FALSE:
        raise ImproperlyConfigured(f"{name} must be auto, on or off, not {value!r}.")
    return "on" if value in _TRUE else "off"


def number(name: str, default: int, *, least: int = 0) -> int:
    """A whole number, not less than ``least``."""
    value = variable(name)
    if value is None or value == "":
        return default
    if not value.isdecimal() or int(value) < least:
        raise ImproperlyConfigured(f"{name} must be a whole number from {least}, not {value!r}.")
    return int(value)


def one_of(name: str, *allowed: str) -> str:
    """One of the allowed words, in any case; the first one is the default."""
    value = variable(name) or allowed[0]
    for word in allowed:
        if word.lower() == value.lower():
            return word
    raise ImproperlyConfigured(f"{name} must be one of {', '.join(allowed)}, not {value!r}.")


def some_of(name: str, *allowed: str, default: bool) -> list[str]:
    """A comma-separated subset of the allowed words; if unset, all or none, by ``default``."""
    if variable(name) is None:
        return list(allowed) if default else []
    chosen = words(name)
    if unknown := set(chosen) - set(allowed):
        raise ImproperlyConfigured(f"{name}: there is no {', '.join(sorted(unknown))}.")
    return chosen


def words(name: str, default: str = "") -> list[str]:
    """A list, separated by commas."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def origins(name: str) -> list[str]:
    """Origins of web pages, separated by commas, each as a browser sends it."""
    return [_origin(name, word) for word in words(name)]


def _origin(name: str, word: str) -> str:
    found = _ORIGIN.fullmatch(word.lower())
    if not found or int((found["port"] or ":0")[1:]) > 65535:
        raise ImproperlyConfigured(
            f"{name} must be origins (scheme://host[:port]), separated by commas, not {word!r}."
        )
    port = _DEFAULT_PORTS.get(found["scheme"])
    return found[0].removesuffix(port) if port and port == found["port"] else found[0]


def networks(name: str, default: str = "") -> list[IPv4Network | IPv6Network]:
    """IP addresses and networks, separated by commas."""
    try:
        return [ip_network(word) for word in words(name, default)]
    except ValueError as error:
        raise ImproperlyConfigured(
            f"{name} must be IP addresses or networks, such as 10.0.0.2 or 10.0.0.0/24,"
            f" separated by commas: {error}."
        ) from error


def proxies(name: str, default: str) -> list[str]:
    """The same for proxies that are trusted. All addresses at once are refused."""
    found = networks(name, default)
    for network in found:
        if network.prefixlen == 0:
            raise ImproperlyConfigured(f"{name}: with {network} anybody could claim any address.")
    return [str(network) for network in found]


def mapping(name: str) -> dict[str, Any]:
    """A JSON object."""
    try:
        value = json.loads(variable(name) or "{}")
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a JSON object: {error}.") from error
    if not isinstance(value, dict):
        raise ImproperlyConfigured(f"{name} must be a JSON object.")
    return value


def public_keys(name: str) -> dict[str, str]:
    """A JSON object of public keys in PEM, by key id."""
    keys = mapping(name)
    for key_id, key in keys.items():
        try:
            problem = weakness(load_pem_public_key(key.encode()))
        except (AttributeError, ValueError, UnsupportedAlgorithm) as error:
            raise ImproperlyConfigured(f"{name}: {key_id!r} is not a public key in PEM.") from error
        if problem:
            raise ImproperlyConfigured(f"{name}: {key_id!r} {problem}")
    return keys


def key_set_url(name: str, *, allow_http: bool) -> str:
    """The address of a JSON Web Key Set: ``https://``, also ``http://`` if that is allowed."""
    value = variable(name) or ""
    try:
        parts = urlsplit(value)
        is_url = bool(parts.hostname) and parts.port != 0 and parts.username is None
    except ValueError:
        is_url = False
    schemes = ("https", "http") if allow_http else ("https",)
    if value and not (is_url and parts.scheme in schemes and value.isascii()):
        raise ImproperlyConfigured(f"{name} must be an https:// URL.")
    return value


def database(name: str, default: str) -> DBConfig:
    """Django's database settings from a URL of PostgreSQL or SQLite."""
    url = variable(name) or default
    try:
        found = dj_database_url.parse(url)
    except (dj_database_url.ParseError, dj_database_url.UnknownSchemeError) as error:
        raise ImproperlyConfigured(f"{name}: {error}") from error
    if found["ENGINE"] not in _ENGINES:
        scheme = url.partition("://")[0]
        raise ImproperlyConfigured(
            f"{name} must be postgres://… or sqlite:///…: Seenby needs PostgreSQL or SQLite, and"
            f" cannot use {scheme}://."
        )
    return found


def folder(name: str, default: Path) -> Path:
    """The absolute path of a folder, which need not exist."""
    return Path(variable(name) or default).expanduser().resolve()


def make_folder(name: str, path: Path) -> None:
    """Make the folder of a file that a variable names or defaults to."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(f"{name}: {path} cannot be made ({error.strerror}).") from error


def strong(name: str, value: str, *, required: bool) -> str:
    """A secret; if ``required``, it must be long enough and not repeat a few characters."""
    if required and len(value.encode()) < MIN_SECRET_BYTES:
        raise ImproperlyConfigured(f"{name} must be at least {MIN_SECRET_BYTES} bytes long.")
    if required and len(set(value)) < MIN_DIFFERENT:
        raise ImproperlyConfigured(f"{name} must be random: it repeats a few characters.")
    return value


def secret(name: str, file: Path) -> str:
    """A secret: the variable, or a random one that is generated once and stored in ``file``."""
    value = variable(name)
    if value:
        return value
    made = secrets.token_urlsafe(48)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        # If two processes start at once, one links its complete file, and both read that one.
        with tempfile.NamedTemporaryFile("w", dir=file.parent) as stream:
            stream.write(made)
            stream.flush()
            with suppress(FileExistsError):
                os.link(stream.name, file)
        return file.read_text()
    except OSError as error:
        raise ImproperlyConfigured(f"Set {name}: {file} cannot be written ({error}).") from error
