"""A past is put together from epochs by columns."""

import pytest

from validators.scoring.past import EpochRow, epoch_columns, epoch_table, pasts, voteless
from validators.scoring.timeline import RecordedRow, facts_at, timeline

SOL = 10**9
LAMPORTS = "lamports"


def test_columns_that_many_have_alike_are_kept_once() -> None:
    tables = [
        epoch_table(
            epoch, epoch_columns([_row(1, epoch), _row(2, epoch)]), present_stakes={}, slots_in_epoch=1
        )
        for epoch in (991, 990)
    ]

    one, other = pasts(tables, present_stake=3 * SOL).values()

    assert (one.epochs, one.commission_bps, one.performance) == ((991, 990), (500, 500), (0.1, 0.1))
    assert (other.epochs, other.commission_bps, other.performance) == ((991, 990), (500, 500), (0.2, 0.2))
    assert one.epochs is other.epochs
    assert one.commission_bps is other.commission_bps
    assert one.end_performance is other.end_performance


def _row(key: int, epoch: int) -> EpochRow:
    return EpochRow(key, epoch, key / 10, key * SOL, 24, 0, 500, 500, None, None)


def _seen_delinquent(key: int, epoch: int, **changes: object) -> EpochRow:
    silent = {"delinquent_fetches": 24, "vote_performance": None, "delinquent_at_end": True}
    return _row(key, epoch)._replace(**(silent | changes))  # type: ignore[arg-type]


def test_who_was_seen_delinquent_without_stake_before_could_not_vote() -> None:
    before = [_row(1, 989), _row(2, 989)._replace(stake=0), _row(3, 989)._replace(stake=None), _row(5, 989)]
    columns = epoch_columns(
        [
            *(_seen_delinquent(key, 990) for key in (1, 2, 3, 4)),
            _row(5, 990),
            # Seen in its last look alone, by who told of no looks.
            _seen_delinquent(6, 990, fetches=0, delinquent_fetches=0),
            # Not seen delinquent: nothing is to be excused.
            _row(7, 990),
            # Of an earlier epoch: a reply may have left it out of the one before.
            _seen_delinquent(8, 990),
        ]
    )
    both = {"unit": LAMPORTS, "unit_before": LAMPORTS}
    met = {1, 2, 3, 5, 8}

    assert voteless(columns, epoch_columns(before), **both, met=met) == {2, 4, 6}
    assert not voteless(columns, epoch_columns(before), unit=LAMPORTS, unit_before="vote_credits", met=met)
    assert not voteless(columns, None, **both, met=met)
    nobody_looked = epoch_columns([one._replace(stake=None) for one in before])
    assert not voteless(columns, nobody_looked, **both, met=met)


@pytest.mark.parametrize("could_not", [True, False])
def test_a_back_test_knows_too_who_could_not_vote(could_not: bool) -> None:
    """Where the epoch before counted votes, the one after it is that of the migration."""
    rows = [_row(key, epoch) for epoch in (988, 989, 990) for key in (1, 2)]
    rows += [_row(3, 989)._replace(stake=0), _seen_delinquent(3, 990)]
    units = {988: LAMPORTS, 989: LAMPORTS if could_not else "vote_credits", 990: LAMPORTS}
    history = timeline(RecordedRow(one, "4.2.1", None, units[one.epoch]) for one in rows)

    found = {one.activated_stake // SOL: one for one in facts_at(history, 990).validators}

    assert (found[3].could_not_vote, found[1].could_not_vote) == (could_not, False)
    expected = (None, None, None) if could_not else (0.0, 1.0, True)
    past = found[3].past
    assert (past.performance[0], past.delinquent_share[0], past.delinquent_at_end[0]) == expected
