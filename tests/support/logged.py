"""What the service logs during a test."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest

from config.logs import JSONFormatter, WithoutTracebacks


@pytest.fixture
def logged() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What the service logs from here on, each line read as JSON."""
    stream, root, requests = StringIO(), logging.getLogger(), logging.getLogger("seenby.request")
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JSONFormatter())
    handler.addFilter(WithoutTracebacks())
    root.addHandler(handler)
    requests.setLevel(logging.INFO)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    requests.setLevel(logging.NOTSET)
    root.removeHandler(handler)
