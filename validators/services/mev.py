"""Storing tips and shared priority fees by validator and epoch, before the accounts that tell close."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Final, NamedTuple

from django.db.models import Count, Q
from django.utils import timezone

from validators.exceptions import ImplausibleError
from validators.models import BlocksBasis, ClusterEpoch, Fetch, MevEpoch, Validator, ValidatorEpoch
from validators.services import bulk
from validators.services.attempts import attempt, newest_fetch, refuse_if_behind, skip_if_ahead
from validators.services.blocks import sole_makers
from validators.services.events import record_events
from validators.services.mev_yields import refresh_mev_yields
from validators.services.sources import Source, record_success
from validators.solana.accounts import METHOD, MOST_KEYS
from validators.solana.programs.jito import EPOCHS_VALID, Distribution
from validators.solana.tips import KINDS, Shares, Tips, Wanted, ask_tips

# Back from the running epoch: of these no account is closed yet, so that one which is missing never was.
EPOCHS_OPEN: Final = EPOCHS_VALID - 1
# Of one run. Public endpoints allow 40 of a method in ten seconds, and the vote accounts of a thousand
# validators, and the chain's own, are asked for by the same one.
MOST_PAGES: Final = 28
_PAIRS_IN_PAGE: Final = MOST_KEYS // len(KINDS)
_MOST_PAIRS: Final = MOST_PAGES * _PAIRS_IN_PAGE
# Ended epochs leave the rest to the running one, however many there are.
_MOST_ENDED: Final = _MOST_PAIRS * 2 // 3
# Accounts stay for ten epochs: an answer without so many of those that were there is not this chain's.
MOST_VANISHED: Final = 0.5
LEAST_JUDGED: Final = 4

_TOLD: Final = (
    *("runs_jito", "commission_bps", "tips", "tips_final"),
    *("priority_commission_bps", "priority_fees", "priority_final", "settled"),
)
_RUNS_JITO: Final = _TOLD.index("runs_jito")
_BPS: Final = _TOLD.index("commission_bps")
_SETTLED: Final = _TOLD.index("settled")


class Pair(NamedTuple):
    """A validator by key and vote account, and an epoch."""

    validator_id: int
    vote_account: str
    epoch: int


class MevNumbers(NamedTuple):
    """In the order of _TOLD."""

    runs_jito: bool | None = None
    commission_bps: int | None = None
    tips: int | None = None
    tips_final: bool = False
    priority_commission_bps: int | None = None
    priority_fees: int | None = None
    priority_final: bool = False
    settled: bool = False


class Known(NamedTuple):
    """What is stored of a pair; `columns` are in the order of _TOLD, as the driver gives them."""

    pk: int
    slot: int
    columns: Sequence[Any]

    @property
    def told(self) -> MevNumbers:
        """SQLite tells truth as a number."""
        runs_jito, bps, tips, tips_final, fees_bps, fees, fees_final, settled = self.columns
        runs_jito = None if runs_jito is None else bool(runs_jito)
        return MevNumbers(
            *(runs_jito, bps, tips, bool(tips_final)), *(fees_bps, fees, bool(fees_final), bool(settled))
        )


KnownPairs = Mapping[tuple[int, int], Known]


def fetch_mev() -> dict[str, Any]:
    """Ask for the accounts of the running epoch, and of ended ones until they have told all.

    At most 29 requests; of who left, only what was begun is asked to its end.
    """
    newest = newest_fetch()
    known = _known(newest.epoch, Q(epoch=newest.epoch) | Q(settled=False))
    pairs = _pairs(newest, known)
    return attempt(
        Source.MEV,
        newest=newest,
        ask=lambda endpoint: ask_tips(
            endpoint,
            [Wanted(pair.vote_account, pair.epoch) for pair in pairs],
            genesis_hash=newest.genesis_hash,
            least_slot=newest.absolute_slot,
            next_epoch_slot=newest.next_epoch_slot,
        ),
        judge=lambda endpoint, tips: _judge(endpoint, tips, pairs, known, newest),
        store=lambda tips, _: _store(tips, pairs, newest),
    )


def _known(running: int, which: Q) -> KnownPairs:
    """Those among the rows of the epochs whose accounts are open, of which most have nothing more to tell."""
    columns = ("pk", "validator_id", "epoch", "slot", *_TOLD)
    rows = MevEpoch.objects.filter(which, epoch__gte=running - EPOCHS_OPEN).values_list(*columns)
    return {(key, epoch): Known(pk, slot, told) for pk, key, epoch, slot, *told in bulk.read_rows(rows)}


def _never_asked(epoch: int, present: Collection[int], found: Counter[int]) -> set[int]:
    """Who of those present has no row of an ended epoch; `found` says of each epoch how many have one."""
    if found[epoch] == len(present):
        return set()
    rows = bulk.read_rows(MevEpoch.objects.filter(epoch=epoch).values_list("validator_id"))
    return set(present).difference(key for (key,) in rows)


def _pairs(newest: Fetch, known: KnownPairs) -> list[Pair]:
    """Of ended epochs the newest first, of the running one who was looked at longest ago."""
    running = newest.epoch
    accounts = dict(bulk.read_rows(Validator.objects.values_list("pk", "vote_account")))
    present = [key for (key,) in bulk.read_rows(Validator.objects.present().values_list("pk"))]
    open_ones: defaultdict[int, set[int]] = defaultdict(set)
    for key, epoch in known:
        open_ones[epoch].add(key)
    rows = MevEpoch.objects.filter(epoch__gte=running - EPOCHS_OPEN).order_by().values_list("epoch")
    found = Counter(dict(rows.annotate(Count("pk"))))
    # The few who left apart: with a join each of the rows would be looked at, and not the index alone.
    gone = Validator.objects.filter(left_at__isnull=False).values("pk")
    found.subtract(dict(rows.filter(validator_id__in=gone).annotate(Count("pk"))))
    ended = (
        (key, epoch)
        for epoch in range(running - 1, max(-1, running - EPOCHS_OPEN - 1), -1)
        for key in sorted(open_ones[epoch] | _never_asked(epoch, present, found))
    )
    asked = list(islice(ended, _MOST_ENDED))
    slots = {key: row.slot for (key, epoch), row in known.items() if epoch == running}
    longest_ago = sorted(present, key=lambda key: (slots.get(key, -1), key))
    asked += [(key, running) for key in longest_ago[: _MOST_PAIRS - len(asked)]]
    return [Pair(key, accounts[key], epoch) for key, epoch in asked]


def _counted_until(running: int) -> int | None:
    """The last slot of which blocks were counted: who made one until then had its account by then."""
    row = ClusterEpoch.objects.filter(epoch=running).first()
    if row is None or row.first_slot is None or row.blocks_slots is None:
        return None
    return row.first_slot + row.blocks_slots - 1


def _judge(endpoint: str, tips: Tips, pairs: Iterable[Pair], known: KnownPairs, newest: Fetch) -> None:
    """Raises an ImplausibleError for a node that is behind, and for one that lacks what there was."""
    refuse_if_behind(endpoint, tips.slot, newest, method=METHOD)
    told = {(one.vote_account, one.epoch): one for one in tips.records.good}
    seen = [
        told[pair.vote_account, pair.epoch].tip_account
        for pair in pairs
        if (pair.vote_account, pair.epoch) in told
        and (row := known.get((pair.validator_id, pair.epoch))) is not None
        and row.columns[_BPS] is not None
    ]
    missing = sum(account is None for account in seen)
    if len(seen) >= LEAST_JUDGED and missing > MOST_VANISHED * len(seen):
        cause = (
            f"{missing:,} of {len(seen):,} tip accounts are missing that were there, and none is closed yet"
        )
        raise ImplausibleError(endpoint, METHOD, cause)


def _store(tips: Tips, pairs: Sequence[Pair], newest: Fetch) -> dict[str, Any]:
    bulk.serialize_writers()
    skip_if_ahead(newest.epoch_of(tips.slot), newest)
    # Anew: another run may have stored more while we asked.
    asked = Q(epoch__in={pair.epoch for pair in pairs})
    now, known = timezone.now(), _known(newest.epoch, asked | Q(runs_jito=None))
    told = {(one.vote_account, one.epoch): one for one in tips.records.good}
    rows = {
        (pair.validator_id, pair.epoch): _merged(
            row.told if (row := known.get((pair.validator_id, pair.epoch))) else MevNumbers(),
            told[pair.vote_account, pair.epoch],
            # As the votes tell, which are checked: one node's slot alone settles nothing for ever.
            is_over=pair.epoch < newest.epoch,
        )
        for pair in pairs
        if (pair.vote_account, pair.epoch) in told
    }
    rows = _without_account(rows, slot=tips.slot, running=newest.epoch)
    _write(rows, known, slot=tips.slot, at=now)
    _decide_earlier(known, running=newest.epoch)
    _give_up(before=newest.epoch - EPOCHS_OPEN)
    refreshed = refresh_mev_yields(newest.epoch)
    record_success(Source.MEV, endpoint=tips.endpoint, rejected=tips.records.rejected, at=now)
    record_events(refreshed.news, epoch=newest.epoch, at=now)
    return {
        "endpoint": tips.endpoint,
        "epoch": newest.epoch,
        "asked": len(pairs),
        "tip_accounts": sum(one.tip_account is not None for one in told.values()),
        "priority_fee_accounts": sum(one.priority_account is not None for one in told.values()),
        "settled": sum(row.settled for row in rows.values()),
        "yields_changed": refreshed.changed,
        "rejected": len(tips.records.rejected),
    }


def _merged(known: MevNumbers, now: Shares, *, is_over: bool) -> MevNumbers:
    """What is known by now: an account that closed takes nothing with it, and no sum ever falls."""
    tips, fees = now.tip_account, now.priority_account
    told = MevNumbers(
        runs_jito=True if tips is not None or known.commission_bps is not None else known.runs_jito,
        commission_bps=tips.commission_bps if tips else known.commission_bps,
        tips=_sum(known.tips, now.tips, was_final=known.tips_final, is_final=_is_final(tips)),
        tips_final=known.tips_final or _is_final(tips),
        priority_commission_bps=fees.commission_bps if fees else known.priority_commission_bps,
        priority_fees=_sum(
            known.priority_fees, now.priority_fees, was_final=known.priority_final, is_final=_is_final(fees)
        ),
        priority_final=known.priority_final or _is_final(fees),
    )
    # One that was seen and is missing may be there again on the next node that is asked.
    seen = (told.commission_bps is not None, told.priority_commission_bps is not None)
    whole = (told.tips_final or not seen[0]) and (told.priority_final or not seen[1])
    return told._replace(settled=is_over and whole)


def _sum(known: int | None, now: int | None, *, was_final: bool, is_final: bool) -> int | None:
    """With a root it is what the root says."""
    if is_final or known is None:
        return now
    return known if was_final or now is None else max(known, now)


def _is_final(account: Distribution | None) -> bool:
    return account is not None and account.root is not None


def _without_account(
    rows: Mapping[tuple[int, int], MevNumbers], *, slot: int, running: int
) -> dict[tuple[int, int], MevNumbers]:
    """Who made a block and has no account does not run Jito; without a block nobody knows.

    Blocks belong to an identity, so of several accounts of one nobody knows either.
    """
    epochs = {epoch for (_, epoch), told in rows.items() if told.runs_jito is None}
    counted = _counted_until(running)
    if counted is None or counted > slot:
        epochs.discard(running)
    made = ValidatorEpoch.objects.filter(epoch__in=epochs, blocks_produced__gt=0)
    known = made.exclude(blocks_basis=BlocksBasis.SHARED).values_list("validator_id", "epoch", "identity")
    found = bulk.read_rows(known)
    alone = sole_makers(found)
    return {
        pair: told._replace(runs_jito=False) if told.runs_jito is None and pair in alone else told
        for pair, told in rows.items()
    }


def _decide_earlier(known: KnownPairs, *, running: int) -> None:
    """Blocks of an ended epoch may be known later than that it had no account."""
    undecided = {
        pair: row.told
        for pair, row in known.items()
        if row.columns[_RUNS_JITO] is None and row.columns[_SETTLED]
    }
    decided = _without_account(undecided, slot=0, running=running)
    rows = [(False, known[pair].pk) for pair, told in decided.items() if told.runs_jito is False]
    bulk.update_rows(MevEpoch, fields=("runs_jito",), rows=rows, constants={})


def _give_up(*, before: int) -> None:
    """Accounts of these epochs close: what they did not tell by now, they never will.

    Whose were never seen, nor looked for once the epoch was over, may have had some: they stay open.
    """
    seen = Q(commission_bps__isnull=False) | Q(priority_commission_bps__isnull=False)
    MevEpoch.objects.filter(seen, epoch__lt=before, settled=False).update(settled=True)


def _write(rows: Mapping[tuple[int, int], MevNumbers], known: KnownPairs, *, slot: int, at: datetime) -> None:
    constants = {"slot": slot, "looked_at": at}
    bulk.update_rows(
        MevEpoch,
        fields=_TOLD,
        rows=[(*told, known[pair].pk) for pair, told in rows.items() if pair in known],
        constants=constants,
    )
    bulk.insert_rows(
        MevEpoch,
        fields=("validator_id", "epoch", *_TOLD),
        rows=[(*pair, *told) for pair, told in rows.items() if pair not in known],
        constants={**constants, "source": MevEpoch.Source.ACCOUNTS.value},
    )
