"""Whether the tables lie on several nodes, for what is above ``chat``."""

from chat.distributed import (
    HAS_CITUS,
    IS_DISTRIBUTED,
    forget_what_was_found,
    is_at_worker,
    is_cluster,
    is_distributed,
    on_one_node,
)

__all__ = [
    "HAS_CITUS",
    "IS_DISTRIBUTED",
    "forget_what_was_found",
    "is_at_worker",
    "is_cluster",
    "is_distributed",
    "on_one_node",
]
