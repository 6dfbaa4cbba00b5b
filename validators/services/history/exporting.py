"""Writing the stored history in the format that import_epochs reads."""

from collections.abc import Iterator
from typing import Final

from django.db.models import Q

from validators.models import BlocksBasis, ValidatorEpoch
from validators.services import bulk
from validators.services.history.lines import (
    BLOCK_COLUMNS,
    CLIENT_COLUMNS,
    END_COLUMNS,
    LINE_END,
    HistoryRow,
    format_row,
    header_of,
)
from validators.services.history.rows import suggested_client
from validators.solana.arithmetic import CreditsUnit

_COLUMNS: Final = tuple(
    "validator__vote_account" if name == "vote_account" else name for name in HistoryRow._fields
)


def history_lines() -> Iterator[str]:
    """The header and every stored row with its line end, by epoch and vote account.

    The columns of a longer file are there only when something is known that needs them. What was earned or
    counted in a part of an epoch is left out: a file tells of whole ones.
    """
    more = _more_columns()
    yield header_of(more) + LINE_END
    epochs = ValidatorEpoch.objects.order_by("epoch").values_list("epoch", flat=True).distinct()
    for epoch in list(epochs):
        for row in sorted(_rows(epoch)):
            yield format_row(row, more=more) + LINE_END


def _more_columns() -> tuple[str, ...]:
    """Those of blocks, those of ends and that of clients, each when a row needs them."""
    epochs = ValidatorEpoch.objects.all()
    paid = Q(credits_unit=CreditsUnit.LAMPORTS.value) | Q(blocks_basis=BlocksBasis.FINAL)
    ended = Q(delinquent_at_end__isnull=False) | Q(end_performance__isnull=False)
    software = epochs.values_list("version", "client").order_by().distinct()
    told = any(client != suggested_client(version) for version, client in software)
    return (
        *(BLOCK_COLUMNS if epochs.filter(paid).exists() else ()),
        *(END_COLUMNS if epochs.filter(ended).exists() else ()),
        *(CLIENT_COLUMNS if told else ()),
    )


def _rows(epoch: int) -> Iterator[HistoryRow]:
    """One epoch at a time, sorted by us: a database may sort keys by a language's rules."""
    rows = ValidatorEpoch.objects.filter(epoch=epoch).values_list("credits_final", "blocks_basis", *_COLUMNS)
    for is_final, basis, *columns in bulk.read_rows(rows):
        row = HistoryRow._make(columns)
        if not is_final:
            row = row._replace(credits=None)
        yield row if basis == BlocksBasis.FINAL else row._replace(leader_slots=None, blocks_produced=None)
