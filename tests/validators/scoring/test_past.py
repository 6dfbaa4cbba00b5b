"""A past is put together from epochs by columns."""

from validators.scoring.past import EpochRow, epoch_columns, epoch_table, pasts

SOL = 10**9


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
