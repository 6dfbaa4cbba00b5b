"""One step of an import from the chain: what some accounts told, stored at once with whose were read."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils import timezone

from validators.models import Fetch, HistoryAccount, Origin, Validator, ValidatorEpoch
from validators.models.marks import Writer, mark_picture
from validators.services import bulk
from validators.services.account_history import known_split_epoch
from validators.services.events import record_events
from validators.services.history.agreement import Agreement
from validators.services.history.chain_rows import Calendar, ChainRow, Judged, judged
from validators.services.history.chain_tables import known_accounts, write_accounts, write_jito, write_mev
from validators.services.history.cluster_epochs import derive_cluster_epochs, refresh_derived
from validators.services.history.importing import Import, describe_departed
from validators.services.history.lines import HistoryRow
from validators.services.history.rows import Numbers, Stored
from validators.services.mev_yields import refresh_mev_yields
from validators.services.settled_past import settle
from validators.services.sources import MOST_REJECTED_NAMED
from validators.solana.history_accounts import Histories, History
from validators.solana.records import Rejected

# Credits of an ended epoch are final with the copy of the vote account that a keeper makes in a later one.
EPOCHS_READ_AGAIN: Final = 2


@dataclass(slots=True)
class ChainSummary:
    """What an import from the chain did; `left` accounts are for the next one."""

    accounts: int = 0
    without_history: int = 0
    read_before: int = 0
    left: int = 0
    rows: int = 0
    added: int = 0
    changed: int = 0
    validators_added: int = 0
    first_epoch: int | None = None
    last_epoch: int | None = None
    requests: int = 0
    rejected_count: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    agreement: Agreement = field(default_factory=Agreement)


class ChainStore:
    """What is stored of whose account, and what becomes of the next ones."""

    def __init__(self, newest: Fetch, at: datetime) -> None:
        self._newest, self._at = newest, at
        self._loading = Import(at, Origin.HISTORY)
        self._loading.keys.update(Validator.objects.values_list("vote_account", "pk"))
        self._accounts = dict(known_accounts())
        self._calendar = Calendar(
            newest.epoch, newest.first_slot, newest.slots_in_epoch, known_split_epoch(newest)
        )
        self._of_shared_identities = _of_shared_identities()
        # Of whom nothing more is to be asked in this import.
        self.done: set[str] = set()
        self.summary = ChainSummary()

    def account(self, vote_account: str) -> HistoryAccount | None:
        """None for one that was never read."""
        key = self._loading.keys.get(vote_account)
        return None if key is None else self._accounts.get(key)

    def reject(self, rejected: Sequence[Rejected]) -> None:
        self.summary.rejected_count += len(rejected)
        self.summary.rejected += rejected[: MOST_REJECTED_NAMED - len(self.summary.rejected)]

    def store(self, histories: Histories, *, is_whole: bool) -> None:
        """In one transaction. Of newest entries only those since the last reading, and a little before."""
        rows: dict[str, list[ChainRow]] = {}
        for history in histories.records.good:
            found = self._judged(history)
            since = -1 if is_whole else self._read_until(history.vote_account) - EPOCHS_READ_AGAIN
            rows[history.vote_account] = [row for row in found.rows if row.numbers.epoch >= since]
            self.reject(
                [Rejected(history.vote_account, f"epoch {one.epoch}: {one.reason}") for one in found.refused]
            )
        with transaction.atomic():
            bulk.serialize_writers()
            self._write([row for some in rows.values() for row in some], slot=histories.slot)
            marks = [
                self._marked(history, rows[history.vote_account], slot=histories.slot, is_whole=is_whole)
                for history in histories.records.good
                if history.vote_account in self._loading.keys
            ]
            write_accounts(marks)
        self._accounts.update({one.validator_id: one for one in marks})
        self._note(histories, rows)

    def finish(self) -> ChainSummary:
        """What follows from the rows, also from those of an import that was interrupted."""
        self.summary.added = self._loading.added
        self.summary.changed = self._loading.changed
        self.summary.validators_added = self._loading.validators_added
        derive_undone(running=self._newest.epoch)
        return self.summary

    def _judged(self, history: History) -> Judged:
        if history.told is None:
            return Judged((), ())
        return judged(
            history.told, self._calendar, is_alone=history.vote_account not in self._of_shared_identities
        )

    def _read_until(self, vote_account: str) -> int:
        """The newest epoch that it told of when it was read last."""
        account = self.account(vote_account)
        newest = None if account is None else account.newest_epoch
        return -1 if newest is None else newest

    def _write(self, rows: Sequence[ChainRow], *, slot: int) -> None:
        if not rows:
            return
        self._loading.find_validators([row.numbers for row in rows])
        self._loading.write([row.numbers for row in rows], on_known=self._compare)
        keys = self._loading.keys
        names = {keys[row.numbers.vote_account]: row.numbers.vote_account for row in rows}
        places = [(keys[row.numbers.vote_account], row.numbers.epoch) for row in rows]
        jito = {place: row.jito for place, row in zip(places, rows, strict=True) if row.jito is not None}
        mev = {place: row.mev for place, row in zip(places, rows, strict=True) if row.mev is not None}
        is_new = write_jito(jito)
        is_new |= write_mev(mev, agreement=self.summary.agreement, names=names, slot=slot, at=self._at)
        if is_new:
            mark_picture(Writer.IMPORTS)

    def _compare(self, row: HistoryRow, stored: Stored, told: Numbers) -> None:
        if stored.source != Origin.HISTORY:
            self.summary.agreement.add(row.vote_account, row.epoch, told, stored.numbers)

    def _marked(
        self, history: History, rows: Sequence[ChainRow], *, slot: int, is_whole: bool
    ) -> HistoryAccount:
        """How far it is read now; not at all where its newest entries leave a gap behind them."""
        before = self.account(history.vote_account)
        entries = history.told.entries if history.told else ()
        until = self._read_until(history.vote_account)
        is_joined = is_whole or not entries or entries[-1].epoch <= until + 1
        underived = [row.numbers.epoch for row in rows]
        if before is not None and before.underived_from is not None:
            underived.append(before.underived_from)
        return HistoryAccount(
            validator_id=self._loading.keys[history.vote_account],
            is_there=history.told is not None,
            read_epoch=self._newest.epoch if is_joined else None,
            newest_epoch=entries[0].epoch if entries else None,
            slot=slot,
            underived_from=min(underived, default=None),
        )

    def _note(self, histories: Histories, rows: Mapping[str, Sequence[ChainRow]]) -> None:
        for history in histories.records.good:
            account = self.account(history.vote_account)
            if account is None or account.read_epoch is not None:
                self.done.add(history.vote_account)
                self.summary.accounts += 1
                self.summary.without_history += history.told is None
        self.reject(histories.records.rejected)
        epochs = [row.numbers.epoch for some in rows.values() for row in some]
        self.summary.rows += len(epochs)
        known = (self.summary.first_epoch, self.summary.last_epoch)
        span = [*epochs, *(one for one in known if one is not None)]
        self.summary.first_epoch, self.summary.last_epoch = min(span, default=None), max(span, default=None)


def _of_shared_identities() -> set[str]:
    """Vote accounts whose identity another one has as well, or had when it was seen last."""
    rows = Validator.objects.exclude(identity="").values_list("identity", "vote_account")
    accounts: defaultdict[str, list[str]] = defaultdict(list)
    for identity, vote_account in rows:
        accounts[identity].append(vote_account)
    return {one for of_one in accounts.values() if len(of_one) > 1 for one in of_one}


def derive_undone(*, running: int) -> None:
    """Work out what follows from every row that an import from the chain stored and nobody followed up."""
    undone = list(HistoryAccount.objects.exclude(underived_from=None).order_by("validator_id"))
    if not undone:
        return
    keys = [one.validator_id for one in undone]
    since = min(one.underived_from for one in undone if one.underived_from is not None)
    epochs = _epochs(since, running)
    describe_departed()
    derive_cluster_epochs(epochs)
    # First the sums: changes and flags are read from them.
    settle()
    refresh_derived(keys, epochs)
    with transaction.atomic():
        bulk.serialize_writers()
        refreshed = refresh_mev_yields(running)
        if refreshed.changed:
            mark_picture(Writer.IMPORTS)
        HistoryAccount.objects.filter(pk__in=[one.pk for one in undone]).update(underived_from=None)
        record_events(refreshed.news, epoch=running, at=timezone.now())


def _epochs(since: int, running: int) -> list[int]:
    rows: Iterable[int] = ValidatorEpoch.objects.filter(epoch__gte=since, epoch__lt=running).values_list(
        "epoch", flat=True
    )
    return sorted(set(rows))
