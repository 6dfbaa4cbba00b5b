"""Answers are written by another library than they are described by, in the same bytes.

But for numbers of 17 digits or more: 1e16 instead of 1e+16.
"""

from datetime import UTC
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as some
from pydantic_core import to_json

from scheduling.api.replies import json_reply
from scheduling.models import RunState

VALUES = some.recursive(
    some.none()
    | some.booleans()
    | some.integers(-(2**63), 2**63)
    | some.floats(-1e15, 1e15)
    | some.text(some.characters(exclude_categories=["Cs"]))
    | some.sampled_from(RunState)
    | some.datetimes(timezones=some.just(UTC)),
    lambda inner: some.lists(inner) | some.dictionaries(some.text(some.characters(codec="ascii")), inner),
    max_leaves=12,
)


@settings(max_examples=50)
@given(some.dictionaries(some.text(some.characters(codec="ascii")), VALUES))
def test_they_are_what_pydantic_writes(document: dict[str, Any]) -> None:
    assert json_reply(document).content == to_json(document)
