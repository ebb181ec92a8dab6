"""Whether a message keeps receipts: the decision for a sent and for an imported message."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from chat.models import ReceiptPolicy, Role, Tracking
from receipts.rules.tracking import TRACKING_SQL, tracking_of
from receipts.sql.run import fetch_rows

MOST = 3
CASES = list(product((0, 1, MOST, MOST + 1), ReceiptPolicy.values, Role.values))


@pytest.mark.parametrize(("recipients", "policy", "role"), CASES)
def test_python_and_sql_decide_alike(
    db: None, settings: Any, recipients: int, policy: str, role: str
) -> None:
    """Rules 15 and 16: by one rule, but that imported messages are not tracked by position."""
    settings.RECEIPTS_MAX_RECIPIENTS = MOST
    message = (
        "SELECT CAST(%(recipients)s AS integer) AS recipients,"
        " CAST(%(policy)s AS text) AS receipt_policy, CAST(%(role)s AS text) AS role"
    )
    params = {"recipients": recipients, "policy": policy, "role": role, "most": MOST}
    ((by_sql,),) = fetch_rows(f"SELECT {TRACKING_SQL} FROM ({message}) AS message", params)
    by_python = tracking_of(recipients=recipients, policy=policy, sender_role=role, requested=True)
    if by_python == Tracking.BY_POSITION:
        by_python = Tracking.TOO_MANY_RECIPIENTS
    assert Tracking(by_sql) == by_python
