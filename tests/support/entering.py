"""Which node of a cluster the tests enter by, and which of them cannot enter by a worker."""

from __future__ import annotations

import os

ON_CITUS = os.environ.get("TEST_LEG") == "citus"
BY_WORKER = ON_CITUS and os.environ.get("TEST_CITUS_ENTER") == "worker"
#: Tests that need the coordinator, files or the beginnings of names: a worker refuses imports, and
#: has no ids for the admin (docs/scaling.md).
_AT_COORDINATOR = (
    "tests/admin/",
    "tests/api/test_insights.py::test_an_imported_",
    "tests/commands/test_demo.py",
    "tests/commands/test_distribute.py",
    "tests/commands/test_import",
    "tests/commands/test_interrupting.py::test_ctrl_c_ends_with_130_and_no_traceback[import_history]",
    "tests/commands/test_private_deliveries.py",
    "tests/config/test_pooler.py::test_an_import_",
    "tests/demo/",
    "tests/feed/test_events_storm.py::test_a_history_that_is_brought_in_",
    "tests/gateways/test_history_order.py",
    "tests/rules/test_deleting_conversations.py::test_its_name_is_taken_until_it_is_gone",
    "tests/rules/test_forgetting_words.py::test_the_admins_log_",
    "tests/rules/test_forgetting_words.py::test_what_imports_said_",
    "tests/rules/test_pair_races.py::test_an_import_",
    "tests/rules/test_position_lives.py::test_an_import_",
    # Within the transaction of a test, a worker cannot collect statistics for a backfill.
    "tests/commands/test_backfill.py",
    "tests/commands/test_check.py::test_a_message_that_lost_its_rows_",
    "tests/commands/test_check.py::test_messages_that_wait_for_their_rows_",
    "tests/rules/test_thread_recipients.py::test_a_backfilled_reply_",
    # Two nodes commit one after the other: what comes in between finds a deleted conversation
    # whose erasure is not there yet.
    "tests/rules/test_erasing_races.py::test_two_equal_requests_are_one_erasure",
    # Messages that are written by hand have ids of the worker's own.
    "tests/gateways/tencent/test_live_sessions.py::test_members_of_a_group_that_is_being_numbered_",
)


def needs_coordinator(nodeid: str) -> bool:
    """Whether a test cannot run by a worker."""
    return nodeid.startswith(_AT_COORDINATOR)
