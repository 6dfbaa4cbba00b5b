"""A past at once: the 64 epochs of credits that every vote account remembers.

They also finish what our looks left half done: an epoch in which an outage of ours began.
"""

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from validators.exceptions import ImpossibleCreditsError
from validators.models import ChainState, ClusterEpoch, Fetch, Origin, ValidatorEpoch
from validators.services import bulk
from validators.services.cluster_epochs import record_past
from validators.services.returns import refresh_ended
from validators.services.settled_past import settle_again
from validators.solana.arithmetic import (
    CREDITS_PER_SLOT,
    MOST_TUPLES,
    MOST_VOTE_CREDITS,
    CreditsUnit,
    CreditTuple,
    Earned,
    earned_by_epoch,
    earned_nothing,
    own_split_epoch,
)

logger = logging.getLogger(__name__)

# So many newcomers are looked up by their keys; at a first look the whole table is read instead.
FEW: Final = 500


class PresentRow(NamedTuple):
    """A row that is there already."""

    pk: int
    is_final: bool


_EARNED: Final = (
    *("credits", "credits_unit", "credits_before_split", "cumulative_credits_at_start", "credits_final"),
)


def unfinished(newest: Fetch) -> set[int]:
    """The validators with an ended epoch that our looks never saw whole, and their accounts may remember."""
    rows = ValidatorEpoch.objects.filter(
        epoch__gte=newest.epoch - MOST_TUPLES, epoch__lt=newest.epoch, credits_final=False
    )
    return {key for (key,) in bulk.read_rows(rows.values_list("validator_id").distinct())}


def fill_history(accounts: Mapping[int, Sequence[CreditTuple]], *, newest: Fetch, filled_at: datetime) -> int:
    """Add the ended epochs that these accounts (by validator's key) tell of and no row does.

    What is there and final stays: it was seen live, or somebody imported it; what is not, these numbers
    finish. Stake and blocks of these epochs are unknown. Call inside a transaction; returns how many rows
    were added or finished.
    """
    if not accounts:
        return 0
    present = _present_epochs(accounts)
    split_epoch = _split_epoch(accounts.values(), newest)
    rows: list[tuple[Any, ...]] = []
    finished: dict[tuple[int, int], tuple[Any, ...]] = {}
    unreadable: list[str] = []
    for key, tuples in accounts.items():
        try:
            ended = _ended(tuples, newest, split_epoch)
        except ImpossibleCreditsError as exc:
            unreadable.append(f"validator {key}: {exc}")
            continue
        silent = _silent(ended, present[key], newest, split_epoch)
        for epoch, numbers in _numbers(tuples, (*ended, *silent)):
            known = present[key].get(epoch)
            if known is None:
                rows.append((key, epoch, *numbers))
            elif not known.is_final and numbers[0] is not None:
                finished[epoch, key] = (*numbers, known.pk)
    if unreadable:
        logger.warning("The past of %d accounts is left out, first %s.", len(unreadable), unreadable[0])
    bulk.update_rows(ValidatorEpoch, fields=_EARNED, rows=list(finished.values()), constants={})
    _insert(rows, filled_at)
    settle_again((row[0], row[1]) for row in rows)
    _derive({row[1] for row in rows} | {epoch for epoch, _ in finished})
    return len(rows) + len(finished)


def _numbers(
    tuples: Sequence[CreditTuple], earned: Iterable[Earned]
) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """By epoch, in the order of _EARNED."""
    # The first of an epoch's tuples: the migration epoch has two.
    starts = {epoch: before for epoch, _, before in reversed(tuples)}
    for epoch, credits, unit, before_split in earned:
        yield epoch, (credits, unit.value, before_split, starts.get(epoch), credits is not None)


def _insert(rows: Sequence[tuple[Any, ...]], filled_at: datetime) -> None:
    bulk.insert_rows(
        ValidatorEpoch,
        fields=("validator_id", "epoch", *_EARNED),
        rows=rows,
        constants={
            "source": Origin.ACCOUNT.value,
            "fetched_at": filled_at,
            "identity": "",
            "version": "",
            "client": "",
            "commission_source": "",
            "blocks_basis": "",
            "fetches": 0,
            "delinquent_fetches": 0,
        },
    )


def _silent(
    ended: Sequence[Earned], present: Mapping[int, PresentRow], newest: Fetch, split_epoch: int | None
) -> Iterator[Earned]:
    """The ended epochs after its last tuple, since a fetch first saw the account: it earned nothing then."""
    if not present:
        return
    last = ended[-1].epoch if ended else -1
    for epoch in range(max(last + 1, min(present), newest.epoch - MOST_TUPLES), newest.epoch):
        if epoch not in present or not present[epoch].is_final:
            yield earned_nothing(epoch, split_epoch=split_epoch)


def _present_epochs(accounts: Iterable[int]) -> Mapping[int, dict[int, PresentRow]]:
    wanted = set(accounts)
    found: defaultdict[int, dict[int, PresentRow]] = defaultdict(dict)
    rows = ValidatorEpoch.objects.values_list("validator_id", "epoch", "pk", "credits_final")
    if len(wanted) <= FEW:
        rows = rows.filter(validator_id__in=wanted)
    for key, epoch, pk, is_final in bulk.read_rows(rows):
        if key in wanted:
            found[key][epoch] = PresentRow(pk, bool(is_final))
    return found


def _split_epoch(accounts: Iterable[Sequence[CreditTuple]], newest: Fetch) -> int | None:
    """The epoch of the migration that most accounts remember; one born after it has no mark of its own."""
    marks = Counter(epoch for tuples in accounts if (epoch := own_split_epoch(tuples)) is not None)
    return marks.most_common(1)[0][0] if marks else known_split_epoch(newest)


def known_split_epoch(newest: Fetch) -> int | None:
    """The epoch of the migration as the chain's own accounts tell, else as the newest fetch took it for."""
    chain = ChainState.objects.first()
    known = chain.alpenglow_epoch if chain and chain.alpenglow == ChainState.Alpenglow.ON else None
    return newest.split_epoch if known is None else known


def _ended(tuples: Sequence[CreditTuple], newest: Fetch, split_epoch: int | None) -> list[Earned]:
    """Every ended epoch from the oldest tuple on; one without a tuple between two others earned nothing.

    Raises ImpossibleCreditsError.
    """
    own_split = own_split_epoch(tuples)
    split = split_epoch if own_split is None else own_split
    earned = earned_by_epoch(
        tuples,
        # The account may have been read an epoch later than the votes.
        running_epoch=newest.epoch + 1,
        split_epoch=split,
        most_vote_credits=max(MOST_VOTE_CREDITS, newest.slots_in_epoch * CREDITS_PER_SLOT),
    )
    whole: list[Earned] = []
    for one in earned:
        if whole:
            last = whole[-1]
            since = last.epoch if last.unit is CreditsUnit.LAMPORTS else split
            missed = range(last.epoch + 1, one.epoch)
            whole.extend(earned_nothing(epoch, split_epoch=since) for epoch in missed)
        whole.append(one)
    return [one for one in whole if one.epoch < newest.epoch]


def _derive(epochs: set[int]) -> None:
    """What follows for the cluster from rows that were added."""
    chain = ChainState.objects.first()
    for epoch in sorted(epochs):
        record_past(epoch, chain)
    ended = list(ClusterEpoch.objects.filter(epoch__in=epochs).values_list("epoch", flat=True))
    refresh_ended(ended)
