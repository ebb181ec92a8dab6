"""What the functions of ``reads.answers`` return has the fields that the schema declares."""

from __future__ import annotations

from typing import Any

import pytest

from receipts.api import shapes
from receipts.reads import answer_types
from receipts.rules import rows


@pytest.mark.parametrize(
    ("answer", "declared"),
    [
        (rows.SummaryAnswer, shapes.Summary),
        (answer_types.MessageAnswer, shapes.MessageShape),
        (answer_types.ListedAnswer, shapes.Recipient),
        (answer_types.MarkedAnswer, shapes.OwnReceipt),
        (answer_types.ParticipantAnswer, shapes.ParticipantShape),
    ],
)
def test_answers_have_the_fields_of_the_schema(answer: type, declared: Any) -> None:
    assert set(answer.__annotations__) == set(declared().fields)
