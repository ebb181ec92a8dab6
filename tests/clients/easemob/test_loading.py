"""What the flows run is Easemob's SDK as published, on Node and in Chromium."""

from __future__ import annotations

from typing import Any

NOWHERE = "http://127.0.0.1:9"


def test_on_node(on_node: Any) -> None:
    assert on_node("easemob/loading.cjs", step="load", url=NOWHERE).result() == "4.21.1"


def test_in_a_page(in_page: Any) -> None:
    sdk = "easemob/node_modules/easemob-websdk/Easemob-chat.js"
    assert in_page(sdk, "easemob/loading.cjs", step="load", url=NOWHERE).result() == "4.21.1"
