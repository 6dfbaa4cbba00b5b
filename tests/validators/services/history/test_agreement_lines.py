"""What agrees, and that a difference is told with its units."""

import pytest

from validators.services.history.agreement import Agreement, Difference
from validators.services.history.rows import FIELDS, Numbers


def test_a_difference_is_told_in_units() -> None:
    found = Agreement()
    found.count(Difference("vote1", 990, "commission", 5_000, 0), agrees=False)
    found.count(Difference("vote1", 990, "mev commission_bps", 800, 1_050), agrees=False)
    found.count(Difference("vote1", 990, "activated_stake", 12_000, 7), agrees=False)
    found.count(Difference("vote1", 990, "version", "4.2.1", "4.2.2"), agrees=False)
    assert found.lines()[-4:] == [
        "  vote1 in epoch 990: commission 50 %, known as 0 %",
        "  vote1 in epoch 990: mev commission 8 %, known as 10.5 %",
        "  vote1 in epoch 990: activated stake 12,000 lamports, known as 7 lamports",
        "  vote1 in epoch 990: version 4.2.1, known as 4.2.2",
    ]


@pytest.mark.parametrize(
    ("told", "known", "agrees"), [(550, 600, True), (600, 550, True), (550, 700, False), (700, 550, False)]
)
def test_whichever_side_has_whole_percent_agrees_with_what_it_rounds(
    told: int, known: int, agrees: bool
) -> None:
    found = Agreement()
    found.add("vote1", 990, _commission(told), _commission(known))
    assert (found.compared["commission"], not found.differing["commission"]) == (1, agrees)


def _commission(bps: int) -> Numbers:
    columns = dict.fromkeys(FIELDS) | dict.fromkeys(FIELDS[:4], bps)
    return Numbers(**columns)  # type: ignore[arg-type]
