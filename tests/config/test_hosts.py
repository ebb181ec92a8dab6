"""Which hosts a request may name, and what is logged of one that names another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from config.loggers import logging_settings

BY_ADDRESS = "10.0.0.3"
Logged = Callable[[], list[dict[str, Any]]]


@pytest.mark.django_db
@pytest.mark.parametrize("https", [False, True])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/healthz/", "/readyz/"])
def test_a_probe_may_name_any_host(
    path: str, method: str, https: bool, settings: Any, logged: Logged
) -> None:
    """Probes call by address and in plain HTTP; under WSGI too, where Django answers them."""
    settings.SECURE_SSL_REDIRECT = https
    answer = Client(SERVER_NAME=BY_ADDRESS).generic(method, path)
    assert answer.status_code == 200
    assert [(line["level"], line["status"]) for line in logged()] == [("info", 200)]


@pytest.mark.parametrize("https", [False, True])
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer x"}])
@pytest.mark.parametrize(("method", "path"), [("GET", "/api/v1/me/"), ("POST", "/healthz/")])
def test_any_other_request_for_another_host_is_one_line_of_the_log(
    method: str, path: str, headers: dict[str, str], https: bool, settings: Any, logged: Logged
) -> None:
    """ALLOWED_HOSTS. Scanners name any host, so it is no error, and no traceback."""
    settings.SECURE_SSL_REDIRECT = https
    answer = Client(SERVER_NAME="elsewhere.example").generic(method, path, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    [line] = logged()
    assert (line["level"], line["status"], line["message"]) == ("warning", 400, f"{method} {path}")
    assert "elsewhere.example" in line["reason"]
    assert "exception" not in line


@pytest.mark.django_db
def test_whatever_a_client_is_refused_for_is_a_warning_without_a_traceback(logged: Logged) -> None:
    """A form of more fields than Django reads; the same for all its suspicious requests."""
    answer = Client().post("/admin/login/", {f"field{number}": "x" for number in range(2_000)})
    assert answer.status_code == 400
    [line] = [line for line in logged() if line["logger"].startswith("django.security")]
    assert line["level"] == "warning"
    assert "exception" not in line


def test_the_service_logs_so() -> None:
    """The filter of these tests is in LOGGING."""
    settings = logging_settings("INFO", "json")
    assert settings["handlers"]["stderr"]["filters"] == ["without_tracebacks"]
