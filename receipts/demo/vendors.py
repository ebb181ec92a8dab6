"""Pages on which a vendor's own client SDK and our chat talk to each other.

The SDKs are no part of Seenby. A page exists where the package is installed for the tests
(`make test-clients`), and is served from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

from chat.models import Conversation
from receipts.api.policy import HEADER, POLICY
from receipts.demo.talks import TEAM
from receipts.demo.world import people_of_the_world


@dataclass(frozen=True)
class VendorSdk:
    """A vendor's SDK for browsers, and where its package is installed."""

    name: str
    title: str
    package: str
    #: Below ``tests/clients``.
    file: str
    #: What it does that our policy otherwise forbids.
    needs: str = ""

    @property
    def path(self) -> Path:
        return Path(settings.BASE_DIR) / "tests" / "clients" / self.file


SDKS = {
    each.name: each
    for each in (
        VendorSdk(
            "socialplus",
            "social.plus",
            "@amityco/ts-sdk",
            "socialplus/node_modules/@amityco/ts-sdk/dist/index.umd.js",
        ),
        VendorSdk(
            "agora",
            "Easemob",
            "easemob-websdk",
            "easemob/node_modules/easemob-websdk/Easemob-chat.js",
            needs="script-src 'self' 'unsafe-eval'",  # it makes functions of text
        ),
        VendorSdk(
            "tencent",
            "Tencent Chat",
            "@tencentcloud/chat",
            "tencent/node_modules/@tencentcloud/chat/index.js",
            needs="worker-src 'self' blob:",  # its socket lives in a worker
        ),
    )
}


def installed_sdks() -> list[VendorSdk]:
    """The SDKs whose packages are installed and whose gateways are enabled."""
    return [sdk for sdk in SDKS.values() if sdk.name in settings.GATEWAYS and sdk.path.is_file()]


@require_safe
def vendor_page(request: HttpRequest, name: str) -> HttpResponse:
    """``/vendors/socialplus/``: bob by the vendor's SDK, and alice by our chat beside it."""
    sdk = _installed(name)
    people = {user.username: user.get_full_name() for user in people_of_the_world()}
    team = Conversation.objects.present().filter(external_id=TEAM).first()
    if not people or team is None:
        raise Http404
    known = {"sdk": sdk, "people": people, "team": team, "me": "bob", "other": "alice"}
    response = HttpResponse(render_to_string("demo/vendor.html", known))
    response["Cache-Control"] = "no-store"
    if sdk.needs:
        response[HEADER] = f"{POLICY}; {sdk.needs}"
    return response


@require_safe
def vendor_sdk(request: HttpRequest, name: str) -> FileResponse:
    """The SDK's file, as it is installed."""
    return FileResponse(_installed(name).path.open("rb"), content_type="text/javascript")


def _installed(name: str) -> VendorSdk:
    for sdk in installed_sdks():
        if sdk.name == name:
            return sdk
    raise Http404
