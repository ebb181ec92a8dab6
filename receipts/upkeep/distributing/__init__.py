"""Distribute the tables over the nodes of a Citus cluster (``manage.py distribute``).

What belongs to a conversation lies on one node, with everything else of it. What must be unique
over all conversations, or is joined with any of them, is on every node. All else stays on the
coordinator, where other nodes find it (docs/scaling.md, docs/decisions/0028). Models and migrations
know nothing of it.
"""

from receipts.upkeep.distributing.checks import NotDistributable
from receipts.upkeep.distributing.running import distribute

__all__ = ["NotDistributable", "distribute"]
