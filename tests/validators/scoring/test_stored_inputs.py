"""What a run was given comes back from its bytes exactly."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import from_json, to_json

from tests.validators.scoring.pictures import EPOCH, cluster, past, validator
from validators.scoring.facts import ClusterFacts, EpochFacts, Past
from validators.scoring.stored_inputs import LENGTH_BYTES, packed, unpacked

numbers = st.none() | st.floats(0, 2)


@given(st.lists(st.lists(numbers, max_size=6), max_size=4), st.floats(0, 1))
def test_facts_survive_packing_to_the_last_digit(
    histories: list[list[float | None]], progress: float
) -> None:
    rows = [EpochFacts(EPOCH - 1, 1 / 3, 5), EpochFacts(EPOCH, None, 10**18), EpochFacts(EPOCH, 1.0, None)]
    validators = [
        validator(number, past(*history), epochs=rows, could_not_vote=number == 1)
        for number, history in enumerate(histories)
    ]
    facts = ClusterFacts(7, EPOCH, progress, validators, {EPOCH - 1: 0.1, EPOCH: 1 / 3})

    assert unpacked(packed(facts)) == facts


def test_a_validator_without_a_past_and_a_cluster_without_skip_rates_survive_too() -> None:
    facts = ClusterFacts(1, EPOCH, 0.5, [validator(1, Past(), commission_bps=None)], None)

    assert unpacked(packed(facts)) == facts


@pytest.mark.parametrize(
    "values", [(True,), (True, True), (True, None), (1, None, 2, None), (0.5, 0.25, None)]
)
def test_a_column_of_any_kind_survives_packing(values: tuple[object, ...]) -> None:
    """All true, which is no sign for floats; known up to some epoch; with gaps."""
    count = len(values)
    history = past(*[1.0] * count)._replace(delinquent_at_end=values, leader_slots=values, skip_rate=values)  # type: ignore[arg-type]
    facts = ClusterFacts(1, EPOCH, 0.5, [validator(1, history), validator(2, past(0.1, 0.2))], {})

    assert unpacked(packed(facts)) == facts


def test_the_same_facts_are_the_same_bytes() -> None:
    assert packed(cluster()) == packed(cluster())


def test_columns_that_are_one_object_are_the_same_bytes_as_equal_ones() -> None:
    one = past(1.0, None, 0.5)
    shared = [validator(number, one) for number in range(3)]
    apart = [validator(number, past(1.0, None, 0.5)) for number in range(3)]

    assert apart[0].past.epochs is not apart[1].past.epochs
    assert packed(ClusterFacts(1, EPOCH, 0.5, shared)) == packed(ClusterFacts(1, EPOCH, 0.5, apart))


@pytest.mark.parametrize("body", [b"", b"nonsense", packed(cluster())[:-3], packed(cluster())[:40]])
def test_other_bytes_are_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match="not the inputs of a scoring run"):
        unpacked(body)


def test_inputs_of_an_older_version_are_read_with_what_they_lack_unknown() -> None:
    facts = ClusterFacts(1, EPOCH, 0.5, [validator(1, past(1.0, 0.5))], {})
    body = packed(facts)
    end = LENGTH_BYTES + int.from_bytes(body[:LENGTH_BYTES], "little")
    document = from_json(zlib.decompress(body[LENGTH_BYTES:end]))
    document["format"] = 2
    *fields, told, _, _ = document["validators"][0]
    columns = [True if column == "floats" else column for column in told[:-3]]
    document["validators"][0] = [*fields, columns]
    text = zlib.compress(to_json(document))

    (found,) = unpacked(len(text).to_bytes(LENGTH_BYTES, "little") + text + body[end:]).validators

    known = facts.validators[0].past
    unknown = (None, None)
    assert found.past == known._replace(stake=unknown, delinquent_at_end=unknown, end_performance=unknown)
    assert (found.left_out, found.could_not_vote) == (False, False)


def test_inputs_of_before_anybody_was_known_not_to_be_able_to_vote_are_read_without() -> None:
    facts = ClusterFacts(1, EPOCH, 0.5, [validator(1, past(1.0, 0.5), left_out=True)], {})
    body = packed(facts)
    end = LENGTH_BYTES + int.from_bytes(body[:LENGTH_BYTES], "little")
    document = from_json(zlib.decompress(body[LENGTH_BYTES:end]))
    document["format"] = 4
    document["validators"][0].pop()
    text = zlib.compress(to_json(document))

    assert unpacked(len(text).to_bytes(LENGTH_BYTES, "little") + text + body[end:]) == facts
