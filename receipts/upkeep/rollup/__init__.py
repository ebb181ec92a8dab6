"""The rollup of insights: the horizon, whole days, what has changed in them since, and drift."""

from receipts.upkeep.rollup.comparing import Comparison
from receipts.upkeep.rollup.rolling import Rollup

__all__ = ["Comparison", "Rollup"]
