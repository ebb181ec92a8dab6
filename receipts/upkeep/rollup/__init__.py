"""The rollup of insights: the horizon, whole days, and what has changed in them since."""

from receipts.upkeep.rollup.rolling import Rollup

__all__ = ["Rollup"]
