"""Loading history that others recorded.

Imported rows fill gaps and live ones win: of a row that our own fetches wrote, only what they
left unknown is filled in; in a row that a file wrote, what a later file says goes before it.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from django.db import transaction
from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Coalesce

from validators.exceptions import HistoryFileError
from validators.models import Fetch, Origin, Validator, ValidatorEpoch
from validators.models.marks import Writer, mark_picture
from validators.services import bulk
from validators.services.history.cluster_epochs import derive_cluster_epochs, refresh_derived
from validators.services.history.files import HistoryFile, RejectedLine, opened
from validators.services.history.lines import HistoryRow
from validators.services.history.rows import FIELDS, Numbers, Stored, imported, merged, with_client
from validators.services.settled_past import settle, settle_again
from validators.services.sources import MOST_REJECTED_NAMED

# Lines that are committed together: a fetch waits for one batch, not for the whole import. Of fewer, bringing
# the sums of the same validators up to date again and again would be most of it.
BATCH_LINES: Final = 10_000
# Of so few validators the rows are looked up by their keys; of more, all of the epochs concerned are read.
FEW: Final = 500

Progress = Callable[[HistoryFile], None]
OnKnown = Callable[[HistoryRow, Stored, Numbers], None]


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """What an import did; lines are those after the header."""

    lines: int
    added: int
    changed: int
    unchanged: int
    validators_added: int
    epochs: int
    first_epoch: int | None
    last_epoch: int | None
    rejected_count: int
    rejected: tuple[RejectedLine, ...]


def import_history(
    path: Path,
    *,
    imported_at: datetime,
    on_rejected: Callable[[RejectedLine], None],
    on_progress: Progress,
) -> ImportSummary:
    """Load a history file, batch by batch, each in a transaction of its own.

    An import that was interrupted is finished by another one of the same file, and one more
    changes nothing. on_rejected hears of every line that is left out, on_progress of every batch.
    Raises HistoryFileError when the file is no history or is damaged; what came before stays.
    """
    loading = FileImport(imported_at)
    with opened(path) as file:
        try:
            for batch in _batches(file):
                loading.store(batch, on_rejected)
                on_progress(file)
        except HistoryFileError:
            loading.finish()
            raise
    loading.finish()
    return loading.summary()


def _batches(file: HistoryFile) -> Iterator[list[tuple[int, HistoryRow | RejectedLine]]]:
    """The lines in batches; when the file breaks off, those before come first and then the error."""
    batch: list[tuple[int, HistoryRow | RejectedLine]] = []
    try:
        for line in file:
            batch.append(line)
            if len(batch) == BATCH_LINES:
                yield batch
                batch = []
    except HistoryFileError:
        yield batch
        raise
    yield batch


@dataclass(slots=True)
class Import:
    """Rows on their way into the table, and what became of them so far."""

    imported_at: datetime
    origin: Origin = Origin.IMPORTED
    added: int = 0
    changed: int = 0
    validators_added: int = 0
    # Primary keys by vote account.
    keys: dict[str, int] = field(default_factory=dict)

    def find_validators(self, rows: Iterable[HistoryRow]) -> None:
        """Know the primary key of every account; one that no fetch has seen is stored as having left."""
        unknown = {row.vote_account: row for row in rows if row.vote_account not in self.keys}
        if not unknown:
            return
        accounts = Validator.objects.filter(vote_account__in=unknown).values_list("vote_account", "pk")
        self.keys.update(accounts)
        new = [row for account, row in unknown.items() if account not in self.keys]
        _insert_departed(new, self.imported_at)
        self.validators_added += len(new)
        self.keys.update(accounts.all())

    def write(self, rows: Sequence[HistoryRow], *, on_known: OnKnown | None = None) -> None:
        """Call inside a transaction. `on_known` hears of what was stored already and what is told now."""
        stored = _stored({row.epoch for row in rows}, {self.keys[row.vote_account] for row in rows})
        newest = Fetch.objects.newest()
        running, origin = newest.epoch if newest else None, self.origin.value
        inserts: list[tuple[Any, ...]] = []
        updates: list[tuple[Any, ...]] = []
        for row in rows:
            key, numbers = self.keys[row.vote_account], imported(row, running=running)
            columns = stored.get((key, row.epoch))
            complete = with_client(numbers)
            if columns is None:
                inserts.append((key, row.epoch, *complete))
                continue
            if on_known is not None:
                on_known(row, Stored.of(columns), numbers)
            # Most of a file that was imported before; merged, they would stay as they are.
            if columns[1:] == (origin, *complete):
                continue
            found = Stored.of(columns)
            if (after := merged(found, numbers, origin=origin)) != found:
                updates.append((*after.numbers, after.source, found.pk))
        bulk.update_rows(ValidatorEpoch, fields=(*FIELDS, "source"), rows=updates, constants={})
        bulk.insert_rows(
            ValidatorEpoch,
            fields=("validator_id", "epoch", *FIELDS),
            rows=inserts,
            constants={
                "source": origin,
                "fetched_at": self.imported_at,
            },
        )
        self.added += len(inserts)
        self.changed += len(updates)
        if inserts or updates:
            settle_again((self.keys[row.vote_account], row.epoch) for row in rows)
            mark_picture(Writer.IMPORTS)


@dataclass(slots=True)
class FileImport(Import):
    """An import of a file: also which lines it saw, and which it left out."""

    lines: int = 0
    rejected_count: int = 0
    rejected: list[RejectedLine] = field(default_factory=list)
    # By epoch one byte for each vote account in the order of their first lines: a set of millions
    # of pairs would take a hundred times as much.
    seen: dict[int, bytearray] = field(default_factory=dict)
    positions: dict[str, int] = field(default_factory=dict)

    def store(
        self,
        batch: Sequence[tuple[int, HistoryRow | RejectedLine]],
        on_rejected: Callable[[RejectedLine], None],
    ) -> None:
        self.lines += len(batch)
        rows: list[HistoryRow] = []
        for number, found in batch:
            if isinstance(found, HistoryRow) and self._first_of_its_key(found):
                rows.append(found)
                continue
            line = found if isinstance(found, RejectedLine) else _repeated(number, found)
            self.rejected_count += 1
            self.rejected += [line][: MOST_REJECTED_NAMED - len(self.rejected)]
            on_rejected(line)
        if not rows:
            return
        with transaction.atomic():
            bulk.serialize_writers()
            self.find_validators(rows)
            self.write(rows)

    def finish(self) -> None:
        """Bring what is computed from the rows up to date; also what an interrupted import left undone."""
        describe_departed()
        derive_cluster_epochs(sorted(self.seen))
        # First the sums: changes and flags of somebody without one would be read from all of the rows.
        settle()
        refresh_derived(sorted(self.keys.values()), self.seen)

    def summary(self) -> ImportSummary:
        return ImportSummary(
            lines=self.lines,
            added=self.added,
            changed=self.changed,
            unchanged=self.lines - self.added - self.changed - self.rejected_count,
            validators_added=self.validators_added,
            epochs=len(self.seen),
            first_epoch=min(self.seen, default=None),
            last_epoch=max(self.seen, default=None),
            rejected_count=self.rejected_count,
            rejected=tuple(self.rejected),
        )

    def _first_of_its_key(self, row: HistoryRow) -> bool:
        position = self.positions.setdefault(row.vote_account, len(self.positions))
        marks = self.seen.setdefault(row.epoch, bytearray())
        if position >= len(marks):
            marks.extend(bytes(position + 1 - len(marks)))
        first = not marks[position]
        marks[position] = 1
        return first


def _repeated(number: int, row: HistoryRow) -> RejectedLine:
    return RejectedLine(number, f"a second line of {row.vote_account} in epoch {row.epoch}")


def _stored(epochs: Collection[int], keys: Collection[int]) -> Mapping[tuple[int, int], tuple[Any, ...]]:
    """Of those epochs and at least those validators, by both: rows as `Stored.of` takes them."""
    rows = ValidatorEpoch.objects.filter(epoch__gte=min(epochs), epoch__lte=max(epochs))
    rows = rows.filter(validator_id__in=keys) if len(keys) <= FEW else rows.filter(epoch__in=sorted(epochs))
    columns = ("validator_id", "epoch", "pk", "source", *FIELDS)
    return {row[:2]: row[2:] for row in bulk.read_rows(rows.values_list(*columns))}


def _insert_departed(rows: Sequence[HistoryRow], at: datetime) -> None:
    """Validators that are known from history only: left before anybody looked, so never present.

    Their commission stays unknown: the first fetch that sees one would take any other for a change.
    """
    bulk.insert_rows(
        Validator,
        fields=("vote_account", "identity", "activated_stake"),
        rows=[(row.vote_account, row.identity, row.activated_stake or 0) for row in rows],
        constants={
            "delinquent": True,
            "epoch_vote_account": False,
            "last_vote": 0,
            "first_seen_at": at,
            "last_seen_at": at,
            "left_at": at,
        },
    )


def describe_departed() -> None:
    """Give those that are known from history only the identity and stake of their newest epoch."""
    newest = ValidatorEpoch.objects.filter(validator=OuterRef("pk")).order_by("-epoch")
    with transaction.atomic():
        bulk.serialize_writers()
        departed = Validator.objects.filter(left_at=F("first_seen_at")).annotate(
            newest_identity=Coalesce(
                Subquery(newest.exclude(identity="").values("identity")[:1]), F("identity")
            ),
            newest_stake=Coalesce(Subquery(newest.values("activated_stake")[:1]), 0),
        )
        others = departed.exclude(identity=F("newest_identity"), activated_stake=F("newest_stake"))
        if others.update(identity=F("newest_identity"), activated_stake=F("newest_stake")):
            mark_picture(Writer.IMPORTS)
