"""Other vendors' APIs over Seenby's services: clients of their cloud can use Seenby instead.

``frame`` and ``refusals`` are what all gateways share. Each vendor has ``base`` (its view: the
authentication and the error body), ``urls``, ``shapes``, and views by subject. They translate a
vendor's requests into calls of services and reads, and the results into the vendor's shapes. No
rule of docs/rules.md is implemented here again. The setting ``GATEWAYS`` names the gateways that
are served; by default none.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.conf import settings

#: The names in the setting ``GATEWAYS``, which are also the names of the packages here.
NAMES = ("sendbird", "socialplus", "tencent", "agora")


def urlpatterns() -> list[Any]:
    """The addresses of the enabled gateways; each answers unknown addresses under its prefix."""
    return [
        pattern
        for name in NAMES
        if name in settings.GATEWAYS
        for pattern in import_module(f"receipts.gateways.{name}.urls").urlpatterns
    ]
