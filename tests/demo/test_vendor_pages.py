"""The pages that show a vendor's own SDK beside our chat."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from receipts.demo import vendors
from receipts.demo.world import load_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All packages are installed, with a short script each; the world is loaded."""
    load_world()
    for name, sdk in vendors.SDKS.items():
        file = tmp_path / f"{name}.js"
        file.write_text(f"/* {name} */")
        monkeypatch.setitem(vendors.SDKS, name, replace(sdk, file=str(file)))


@pytest.mark.parametrize("name", vendors.SDKS)
@pytest.mark.usefixtures("installed")
def test_a_page_loads_the_installed_sdk_and_our_own_lines(name: str) -> None:
    page = Client().get(f"/vendors/{name}/").content.decode()
    loaded = re.findall(r'<script [^>]*src="([^"]+)"', page)
    assert loaded == [f"/vendors/{name}/sdk.js", f"/static/demo/vendors/{name}.js"]
    sdk = Client().get(loaded[0])
    assert b"".join(sdk) == f"/* {name} */".encode()  # type: ignore[arg-type]
    assert sdk["Content-Type"] == "text/javascript"
    assert finders.find(loaded[1].removeprefix("/static/"))
    assert f'href="/vendors/{name}/"' in Client().get("/").content.decode()


def test_without_the_package_there_is_no_page(monkeypatch: pytest.MonkeyPatch) -> None:
    load_world()
    missing = replace(vendors.SDKS["socialplus"], file="nowhere.js")
    monkeypatch.setitem(vendors.SDKS, "socialplus", missing)
    assert Client().get("/vendors/socialplus/").status_code == 404
    assert Client().get("/vendors/socialplus/sdk.js").status_code == 404
    assert "/vendors/socialplus/" not in Client().get("/").content.decode()


@pytest.mark.usefixtures("installed")
def test_a_vendor_whose_gateway_is_off_has_no_page(settings: Any) -> None:
    settings.GATEWAYS = ["tencent"]
    assert Client().get("/vendors/socialplus/").status_code == 404
    assert Client().get("/vendors/tencent/").status_code == 200


@pytest.mark.usefixtures("installed")
def test_only_our_own_pages_may_show_the_chat_in_a_frame() -> None:
    chat = Client().get("/?as=alice")
    assert "frame-ancestors 'self'" in chat["Content-Security-Policy"]
    assert chat["X-Frame-Options"] == "SAMEORIGIN"
    page = Client().get("/vendors/socialplus/")
    assert "frame-ancestors 'none'" in page["Content-Security-Policy"]
