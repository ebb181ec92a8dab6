"""Other vendors' APIs over Seenby's services: a client of their cloud can use Seenby instead.

Thin translations: each module turns a vendor's requests into calls of the services and selectors
that the native API uses, and their results into the vendor's shapes. No rule of docs/rules.md is
written here again. The setting ``GATEWAYS`` names the ones that are served; none by default.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.conf import settings

#: Their names in the setting ``GATEWAYS``, which are those of their packages here.
NAMES = ("sendbird", "socialplus", "tencent", "agora")


def urlpatterns() -> list[Any]:
    """The addresses of the gateways that are switched on; each answers its unknown ones itself."""
    return [
        pattern
        for name in NAMES
        if name in settings.GATEWAYS
        for pattern in import_module(f"receipts.gateways.{name}.urls").urlpatterns
    ]
