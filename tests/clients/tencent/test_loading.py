"""What the flows run are Tencent's SDKs as published, on Node and in Chromium."""

from __future__ import annotations

from typing import Any

import pytest

SDKS = [
    ("@tencentcloud/chat", "TencentCloudChat", "index.js", "3.6.6"),
    ("tim-js-sdk", "TIM", "tim-js.js", "2.27.6"),
]


@pytest.mark.parametrize(("name", "its_global", "file", "version"), SDKS)
def test_on_node_and_in_a_page(
    on_node: Any, in_page: Any, name: str, its_global: str, file: str, version: str
) -> None:
    asked = {"step": "load", "name": name, "itsGlobal": its_global, "url": "http://127.0.0.1:9"}
    flow = "tencent/loading.cjs"
    assert on_node(flow, **asked).result() == version
    assert in_page(f"tencent/node_modules/{name}/{file}", flow, **asked).result() == version
