"""How far the stored history agrees with a file of the same epochs; nothing is written."""

from collections.abc import Iterable
from pathlib import Path

from validators.models import Fetch, Origin, Validator, ValidatorEpoch
from validators.services import bulk
from validators.services.history.agreement import Agreement
from validators.services.history.files import opened
from validators.services.history.lines import HistoryRow
from validators.services.history.rows import FIELDS, Numbers, imported

# Lines that are looked up together.
BATCH_LINES = 5_000


def compare_with_file(path: Path, *, only_chain: bool) -> Agreement:
    """What is stored against what the file says, of the numbers that both know.

    `only_chain`: only rows that Jito's history told. Raises HistoryFileError.
    """
    agreement = Agreement()
    newest = Fetch.objects.newest()
    running = newest.epoch if newest else None
    keys = dict(Validator.objects.values_list("vote_account", "pk"))
    with opened(path) as file:
        for batch in _batches(found for _, found in file if isinstance(found, HistoryRow)):
            known = _stored({row.epoch for row in batch}, only_chain=only_chain)
            for row in batch:
                stored = known.get((keys.get(row.vote_account, 0), row.epoch))
                if stored is not None:
                    agreement.add(row.vote_account, row.epoch, stored, imported(row, running=running))
    return agreement


def _batches(rows: Iterable[HistoryRow]) -> Iterable[list[HistoryRow]]:
    batch: list[HistoryRow] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH_LINES:
            yield batch
            batch = []
    yield batch


def _stored(epochs: set[int], *, only_chain: bool) -> dict[tuple[int, int], Numbers]:
    rows = ValidatorEpoch.objects.filter(epoch__in=sorted(epochs))
    if only_chain:
        rows = rows.filter(source=Origin.HISTORY)
    found = bulk.read_rows(rows.values_list("validator_id", "epoch", *FIELDS))
    return {(row[0], row[1]): Numbers._make(row[2:]) for row in found}
