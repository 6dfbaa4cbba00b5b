"""Writing the stored history in the format that import_epochs reads."""

from collections.abc import Iterator
from typing import Final

from validators.models import ValidatorEpoch
from validators.services import bulk
from validators.services.history.lines import HEADER, LINE_END, HistoryRow, format_row
from validators.solana.arithmetic import CreditsUnit

_COLUMNS: Final = tuple(
    "validator__vote_account" if name == "vote_account" else name for name in HistoryRow._fields
)


def history_lines() -> Iterator[str]:
    """The header and every stored row with its line end, by epoch and vote account.

    Credits that count lamports (after Alpenglow) have no place in the format and are left unknown.
    """
    yield HEADER + LINE_END
    epochs = ValidatorEpoch.objects.order_by("epoch").values_list("epoch", flat=True).distinct()
    for epoch in list(epochs):
        for row in sorted(_rows(epoch)):
            yield format_row(row) + LINE_END


def _rows(epoch: int) -> Iterator[HistoryRow]:
    """One epoch at a time, sorted by us: a database may sort keys by a language's rules."""
    rows = ValidatorEpoch.objects.filter(epoch=epoch).values_list("credits_unit", *_COLUMNS)
    for unit, *columns in bulk.read_rows(rows):
        row = HistoryRow._make(columns)
        if unit != CreditsUnit.VOTE_CREDITS:
            row = row._replace(credits=None, cumulative_credits_at_start=None)
        yield row
