"""The service without events: what marks would cost if there were no feed."""

from __future__ import annotations

import config.asgi
from receipts.ledger.change import Change

Change.quiet = property(lambda self: True, lambda self, value: None)  # type: ignore[assignment]

application = config.asgi.application
