"""A past at once: the 64 epochs of credits that every vote account remembers."""

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from validators.exceptions import ImpossibleCreditsError
from validators.models import ChainState, ClusterEpoch, Fetch, Origin, ValidatorEpoch
from validators.services import bulk
from validators.services.cluster_epochs import record_past
from validators.services.performances import refresh_performances
from validators.services.returns import refresh_returns
from validators.solana.arithmetic import (
    CREDITS_PER_SLOT,
    MOST_VOTE_CREDITS,
    CreditTuple,
    Earned,
    earned_by_epoch,
    own_split_epoch,
)

logger = logging.getLogger(__name__)

# So many newcomers are looked up by their keys; at a first look the whole table is read instead.
FEW: Final = 500


def fill_history(accounts: Mapping[int, Sequence[CreditTuple]], *, newest: Fetch, filled_at: datetime) -> int:
    """Add the ended epochs that these accounts (by validator's key) tell of and no row does.

    What is there stays: it was seen live, or somebody imported it. Stake and blocks of these epochs are
    unknown. Call inside a transaction; returns how many rows were added.
    """
    if not accounts:
        return 0
    present = _present_epochs(accounts)
    split_epoch = _split_epoch(accounts.values(), newest)
    rows: list[tuple[Any, ...]] = []
    unreadable: list[str] = []
    for key, tuples in accounts.items():
        starts = {epoch: before for epoch, _, before in reversed(tuples)}
        try:
            ended = _ended(tuples, newest, split_epoch)
        except ImpossibleCreditsError as exc:
            unreadable.append(f"validator {key}: {exc}")
            continue
        rows.extend(
            (key, one.epoch, one.credits, one.unit.value, one.credits_before_split, starts.get(one.epoch))
            for one in ended
            if one.epoch not in present[key]
        )
    if unreadable:
        logger.warning("The past of %d accounts is left out, first %s.", len(unreadable), unreadable[0])
    bulk.insert_rows(
        ValidatorEpoch,
        fields=(
            *("validator_id", "epoch", "credits", "credits_unit"),
            *("credits_before_split", "cumulative_credits_at_start"),
        ),
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
    _derive({row[1] for row in rows})
    return len(rows)


def _present_epochs(accounts: Iterable[int]) -> Mapping[int, set[int]]:
    wanted = set(accounts)
    found: defaultdict[int, set[int]] = defaultdict(set)
    rows = ValidatorEpoch.objects.values_list("validator_id", "epoch")
    if len(wanted) <= FEW:
        rows = rows.filter(validator_id__in=wanted)
    for key, epoch in bulk.read_rows(rows):
        if key in wanted:
            found[key].add(epoch)
    return found


def _split_epoch(accounts: Iterable[Sequence[CreditTuple]], newest: Fetch) -> int | None:
    """The epoch of the migration that most accounts remember; one born after it has no mark of its own."""
    marks = Counter(epoch for tuples in accounts if (epoch := own_split_epoch(tuples)) is not None)
    if marks:
        return marks.most_common(1)[0][0]
    chain = ChainState.objects.first()
    known = chain.alpenglow_epoch if chain and chain.alpenglow == ChainState.Alpenglow.ON else None
    return newest.split_epoch if known is None else known


def _ended(tuples: Sequence[CreditTuple], newest: Fetch, split_epoch: int | None) -> list[Earned]:
    """Every ended epoch from the oldest tuple on; one without a tuple between two others earned nothing.

    Raises ImpossibleCreditsError.
    """
    own_split = own_split_epoch(tuples)
    earned = earned_by_epoch(
        tuples,
        # The account may have been read an epoch later than the votes.
        running_epoch=newest.epoch + 1,
        split_epoch=split_epoch if own_split is None else own_split,
        most_vote_credits=max(MOST_VOTE_CREDITS, newest.slots_in_epoch * CREDITS_PER_SLOT),
    )
    whole: list[Earned] = []
    for one in earned:
        if whole:
            unit = whole[-1].unit
            whole.extend(Earned(epoch, 0, unit) for epoch in range(whole[-1].epoch + 1, one.epoch))
        whole.append(one)
    return [one for one in whole if one.epoch < newest.epoch]


def _derive(epochs: set[int]) -> None:
    """What follows for the cluster from rows that were added."""
    chain = ChainState.objects.first()
    for epoch in sorted(epochs):
        record_past(epoch, chain)
    ended = list(ClusterEpoch.objects.filter(epoch__in=epochs).values_list("epoch", flat=True))
    refresh_performances(ended)
    refresh_returns(ended)
