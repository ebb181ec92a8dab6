"""Other vendors' APIs over our services: a client that spoke to their cloud speaks to us.

Thin translations (DESIGN §7): each module turns a vendor's requests into calls of the services and
selectors that the native API uses, and what they answer into the vendor's shapes. No rule of DESIGN
§2 is written here again. ``GATEWAYS`` in the settings says which are there; none by default.
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
