"""One line of a history file, there and back."""

import re

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from tests.validators.histories import HEADER, line
from tests.validators.replies import key
from validators.services.history.lines import (
    COLUMNS,
    MORE_COLUMNS,
    HistoryRow,
    columns_of,
    format_row,
    header_of,
    parse_line,
)
from validators.solana.pubkey import encode
from validators.solana.versions import Client

keys = st.binary(min_size=32, max_size=32).map(encode)
percents = st.integers(0, 100 * 10**10).map(lambda number: number / 10**10)
commissions = st.lists(st.integers(0, 255), min_size=3, max_size=3).map(sorted)


def parsed(text: str) -> tuple[HistoryRow | None, str]:
    """The row, or the reason why there is none."""
    try:
        return parse_line(text), ""
    except ValueError as exc:
        return None, str(exc)


@st.composite
def rows(draw: st.DrawFn) -> HistoryRow:
    lowest, value, highest = (percent * 100 for percent in draw(commissions))
    known = draw(st.booleans())
    fetches = draw(st.integers(0, 2**31 - 1))
    return HistoryRow(
        draw(st.integers(0, 2**63 - 1)),
        draw(keys),
        draw(keys | st.just("")),
        draw(st.none() | st.integers(0, 10**18)),
        value if known else None,
        highest if known else None,
        lowest if known else None,
        highest if known else None,
        draw(st.sampled_from(["", "2.2.14", "0.1105.40200", "4.2.0-rc.1 (src:1; feat:2)"])),
        fetches,
        draw(st.integers(0, fetches)),
        draw(st.none() | st.integers(0, 6_912_000)),
        draw(st.none() | st.integers(0, 2**62)),
        draw(st.none() | percents.map(lambda percent: percent / 100)),
    )


@given(rows())
def test_a_row_comes_back_from_its_line(row: HistoryRow) -> None:
    there = parse_line(format_row(row))

    assert there._replace(skip_rate=None) == row._replace(skip_rate=None)
    assert format_row(there) == format_row(row)


@given(percents)
def test_a_skip_rate_of_up_to_ten_decimals_is_written_as_it_was_read(percent: float) -> None:
    text = f"{percent:.10f}".rstrip("0")
    written = line(900, skip_rate_percent=f"{text}0" if text.endswith(".") else text)
    assert format_row(parse_line(written)) == written


@given(st.text() | st.lists(st.text(max_size=30), min_size=14, max_size=14).map(",".join))
def test_any_text_is_a_row_or_a_reason(text: str) -> None:
    row, reason = parsed(text)
    assert (row is None) != (reason == "")
    assert reason.isascii()
    assert len(reason) < 500


@given(st.sampled_from(COLUMNS), st.text(max_size=30) | st.integers().map(str) | st.floats().map(str))
def test_one_mutated_column_makes_a_row_that_survives_or_a_reason(column: str, value: str) -> None:
    row, _ = parsed(line(**{column: value}))
    assert row is None or parse_line(format_row(row)) == row


def test_percent_become_basis_points_and_fractions() -> None:
    row = parse_line(line(900, commission_first=0, commission_min=0, commission_max=100))

    assert row[4:8] == (0, 500, 0, 10_000)
    assert row.skip_rate == pytest.approx(0.015385, abs=1e-15)
    assert ",".join(COLUMNS) == HEADER


def test_a_commission_between_two_percents_is_written_as_the_higher() -> None:
    row = parse_line(line(900))._replace(commission_last_bps=501, commission_max_bps=65_535)
    assert format_row(row).split(",")[4:8] == ["5", "6", "5", "255"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"epoch": ""}, "epoch is empty"),
        ({"epoch": "-1"}, "epoch is '-1', not a whole number"),
        ({"epoch": 2**63}, "is the most possible"),
        ({"epoch": "9" * 5_000}, "not a whole number"),
        ({"vote_account": "Vote111"}, "vote_account is 'Vote111', not a key"),
        ({"vote_account": ""}, "vote_account is '', not a key"),
        ({"identity": key("node 1")[:-2]}, "not a key of 32 bytes"),
        ({"activated_stake": -5}, "activated_stake is '-5'"),
        ({"activated_stake": 10**18 + 1}, "is the most possible"),
        ({"activated_stake": "1_000"}, "activated_stake is '1_000'"),
        ({"activated_stake": "\u0661"}, "not a whole number"),
        ({"commission_max": 256}, "255 is the most possible"),
        ({"commission_max": 4}, "not between the lowest 5 and the highest 4"),
        ({"commission_first": 9}, "commission 9 is not between"),
        ({"version": "2" * 41}, "version is"),
        ({"version": "2.2\0"}, "printable"),
        ({"snapshots": ""}, "snapshots is empty"),
        ({"delinquent_snapshots": 41}, "delinquent_snapshots is 41, and 40 is the most possible"),
        ({"credits": 6_912_001}, "credits is 6912001, and 6912000 is the most possible"),
        ({"credits": "6.9"}, "credits is '6.9'"),
        ({"cumulative_credits_at_start": 2**63}, "most possible"),
        ({"skip_rate_percent": "nan"}, "skip_rate_percent is 'nan', not a decimal number from 0 to 100"),
        ({"skip_rate_percent": "100.1"}, "not a decimal number"),
        ({"skip_rate_percent": "1e1"}, "not a decimal number"),
        ({"skip_rate_percent": "-0.5"}, "not a decimal number"),
        ({"skip_rate_percent": "1,5"}, "15 columns instead of 14"),
    ],
)
def test_an_impossible_value_is_a_reason(changes: dict[str, object], reason: str) -> None:
    assert reason in parsed(line(**changes))[1]


MORE = ("credits_unit", "leader_slots", "blocks_produced")
ENDS = ("delinquent_at_end", "end_performance")


@given(
    rows(),
    st.none() | st.integers(0, 432_000),
    st.integers(0, 2**62),
    st.booleans(),
    st.none() | st.booleans(),
    st.none() | st.floats(1e-4, 2) | st.just(0.0),
    st.sampled_from(["", *Client]),
)
def test_a_row_of_a_longer_file_comes_back_from_its_line(
    row: HistoryRow,
    slots: int | None,
    lamports: int,
    counts_lamports: bool,
    delinquent: bool | None,
    performance: float | None,
    client: str,
) -> None:
    more = row._replace(
        leader_slots=slots,
        blocks_produced=None if slots is None else slots // 2,
        credits=lamports if counts_lamports else row.credits,
        credits_unit="lamports" if counts_lamports else "vote_credits",
        delinquent_at_end=delinquent,
        end_performance=performance,
        client=client,
    )

    there = parse_line(format_row(more, more=MORE_COLUMNS), MORE_COLUMNS)

    assert there._replace(skip_rate=None) == more._replace(skip_rate=None)


def test_columns_behind_the_usual_ones_may_come_in_any_order() -> None:
    more = columns_of(f"{HEADER},delinquent_at_end,blocks_produced,end_performance,leader_slots")

    row = parse_line(f"{line(900)},1,7,0.97,8", more)

    assert (row.leader_slots, row.blocks_produced, row.credits_unit) == (8, 7, "vote_credits")
    assert columns_of(HEADER) == ()
    assert (row.delinquent_at_end, row.end_performance) == (True, 0.97)
    assert columns_of(header_of(MORE_COLUMNS)) == MORE_COLUMNS == (*MORE, *ENDS, "client")


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("", "does not begin with the line"),
        (HEADER.replace("epoch", "Epoch"), "does not begin with the line"),
        (HEADER.rpartition(",")[0], "does not begin with the line"),
        (f"{HEADER},blocks", "has a column 'blocks'"),
        (f"{HEADER},delinquent_at_the_end", "has a column 'delinquent_at_the_end'"),
        (f"{HEADER},leader_slots,leader_slots", "has a column twice: leader_slots"),
        (f"{HEADER},", "has a column ''"),
    ],
)
def test_another_header_is_refused_with_the_reason(header: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        columns_of(header)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ("lamport,8,7", "credits_unit is 'lamport', and neither vote_credits nor lamports"),
        (",8,9", "9 blocks in 8 leader slots"),
        (",,9", "9 blocks in None leader slots"),
        (",-1,", "leader_slots is '-1', not a whole number"),
        (",8", "16 columns instead of 17"),
        (",8,7,6", "18 columns instead of 17"),
    ],
)
def test_an_impossible_value_of_a_longer_line_is_a_reason(more: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_line(f"{line(900)},{more}", MORE)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ("2,", "delinquent_at_end is '2', neither 0 nor 1"),
        ("true,", "delinquent_at_end is 'true', neither 0 nor 1"),
        (",2.1", "end_performance is '2.1', not a decimal number from 0 to 2"),
        (",-0.1", "end_performance is '-0.1'"),
        (",nan", "end_performance is 'nan'"),
    ],
)
def test_an_impossible_end_of_an_epoch_is_a_reason_that_names_its_column(more: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_line(f"{line(900)},{more}", ENDS)


@pytest.mark.parametrize(
    ("text", "client"),
    [("", ""), ("jito labs", "jito labs"), ("AgaveBam", "agave bam"), ("unknown", "unknown")],
)
def test_a_client_is_known_in_any_spelling(text: str, client: str) -> None:
    assert parse_line(f"{line(900)},{text}", ("client",)).client == client


def test_a_client_that_nobody_knows_is_a_reason() -> None:
    with pytest.raises(ValueError, match="client is 'geyser', none of solana labs, jito labs, "):
        parse_line(f"{line(900)},geyser", ("client",))


def test_lamports_may_be_more_than_any_votes_and_votes_may_not() -> None:
    many = line(900, credits=6_912_001)

    assert parse_line(f"{many},lamports,,", MORE).credits == 6_912_001
    with pytest.raises(ValueError, match="6912000 is the most possible"):
        parse_line(f"{many},vote_credits,,", MORE)


def test_the_documents_name_every_column() -> None:
    page = (settings.BASE_DIR / "docs/modules/README.md").read_text()
    table = page.partition("## Files of history")[2]
    named = [name for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for name in row.split(", ")]
    assert tuple(name.strip("`") for name in named) == (*COLUMNS, *MORE_COLUMNS)
