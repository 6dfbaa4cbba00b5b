"""Storing how many stake accounts validators have, what comes and leaves, and what is their own, by epoch."""

import random
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.utils import timezone

from scheduling.exceptions import SkipRun
from validators.exceptions import ImplausibleError, LayoutError
from validators.models import Fetch, StakeEpoch, Validator
from validators.services import bulk
from validators.services.attempts import attempt, newest_fetch, refuse_if_behind, skip_if_ahead
from validators.services.sources import Source, record_success
from validators.solana.program_accounts import SEARCH_METHOD
from validators.solana.programs.stakes import Stakes, summed
from validators.solana.records import Rejected
from validators.solana.stake_accounts import StakeLook, StakeLooks, ask_stake_accounts

# The stake that works in an epoch is settled when it begins, so that accounts and votes tell the same sum;
# only what the chain holds back (see `Stakes`) comes between. An answer further off has not all of them.
MOST_ASTRAY: Final = 0.1
# More of the answers than this, and the node is not believed at all.
MOST_DOUBTED: Final = 0.5

_TOLD: Final = ("accounts", "active", "activating", "deactivating", "own", "slot")


class Asked(NamedTuple):
    """A validator whose stake accounts are asked for; without a withdraw authority while nobody read it."""

    pk: int
    vote_account: str
    activated_stake: int
    withdrawer: str


class Judged(NamedTuple):
    """What is believed, by key of the validator and with the slot of the look, and what is not."""

    believed: Sequence[tuple[int, int, Stakes]]
    doubted: Sequence[Rejected]
    # Of the epoch after the newest fetch's: of that the stake is not known yet, by which to judge.
    too_new: int


def fetch_stakes() -> dict[str, Any]:
    """Ask for the stake accounts of some validators: one request each, at most STAKES_PER_RUN of them."""
    most = settings.STAKES_PER_RUN
    if not most:
        raise SkipRun("STAKES_PER_RUN is 0")
    newest = newest_fetch()
    asked = {one.vote_account: one for one in _asked(newest, most)}
    if not asked:
        raise SkipRun(f"no validator has stake in epoch {newest.epoch}")
    return attempt(
        Source.STAKES,
        newest=newest,
        ask=lambda endpoint: ask_stake_accounts(
            endpoint, list(asked), least_slot=newest.absolute_slot, latest_epoch=newest.epoch + 1
        ),
        judge=lambda endpoint, looks: _judge(endpoint, looks, asked, newest),
        store=lambda looks, judged: _store(looks, judged, newest),
    )


def _asked(newest: Fetch, most: int) -> list[Asked]:
    """First who was not looked at in this epoch, in no order; then who was longest ago.

    By chance, so that the few that are too large for an endpoint keep nobody else from being asked for.
    """
    columns = ("pk", "vote_account", "activated_stake", "vote_state__withdrawer")
    staked = Validator.objects.present().filter(activated_stake__gt=0)
    found = bulk.read_rows(staked.values_list(*columns))
    rows = [Asked(pk, key, stake, withdrawer or "") for pk, key, stake, withdrawer in found]
    looked = StakeEpoch.objects.filter(epoch=newest.epoch).values_list("validator_id", "slot")
    slots = dict(bulk.read_rows(looked))
    random.Random(newest.absolute_slot).shuffle(rows)
    return sorted(rows, key=lambda one: slots.get(one.pk, -1))[:most]


def _judge(endpoint: str, looks: StakeLooks, asked: Mapping[str, Asked], newest: Fetch) -> Judged:
    """Raises an ImplausibleError for a node that is behind, and for one that lacks many stake accounts."""
    refuse_if_behind(endpoint, looks.slot, newest, method=SEARCH_METHOD)
    judged = _judged(looks.records.good, asked, newest)
    if len(judged.doubted) > MOST_DOUBTED * (len(judged.doubted) + len(judged.believed)):
        first = judged.doubted[0]
        cause = f"{len(judged.doubted)} of {len(looks.records.good)} validators are not to be believed"
        raise ImplausibleError(endpoint, SEARCH_METHOD, f"{cause}, first {first.key}: {first.reason}")
    return judged


def _judged(looks: Sequence[StakeLook], asked: Mapping[str, Asked], newest: Fetch) -> Judged:
    believed: list[tuple[int, int, Stakes]] = []
    doubted: list[Rejected] = []
    known = [look for look in looks if newest.epoch_of(look.slot) == newest.epoch]
    for look in known:
        of = asked[look.vote_account]
        try:
            stakes = summed(look.stakes, epoch=newest.epoch, withdrawer=of.withdrawer)
        except LayoutError as exc:
            doubted.append(Rejected(look.vote_account, str(exc)))
            continue
        if abs(stakes.active - of.activated_stake) > MOST_ASTRAY * of.activated_stake:
            told = f"{stakes.accounts} stake accounts with {stakes.active} active lamports"
            reason = f"{told}, and the votes tell {of.activated_stake}"
            doubted.append(Rejected(look.vote_account, reason))
        else:
            believed.append((of.pk, look.slot, stakes))
    return Judged(believed, doubted, len(looks) - len(known))


def _store(looks: StakeLooks, judged: Judged, newest: Fetch) -> dict[str, Any]:
    bulk.serialize_writers()
    skip_if_ahead(newest.epoch_of(looks.slot), newest)
    now = timezone.now()
    _write(judged.believed, newest.epoch, at=now)
    rejected = (*looks.records.rejected, *judged.doubted)
    record_success(Source.STAKES, endpoint=looks.endpoint, rejected=rejected, at=now)
    result = {
        "endpoint": looks.endpoint,
        "epoch": newest.epoch,
        "validators": len(judged.believed),
        "stake_accounts": sum(stakes.accounts for _, _, stakes in judged.believed),
        "too_new": judged.too_new,
        "rejected": len(rejected),
    }
    return result | ({"stopped": looks.stopped} if looks.stopped else {})


def _write(believed: Sequence[tuple[int, int, Stakes]], epoch: int, *, at: datetime) -> None:
    """Another run may have looked meanwhile: what it stored is not taken back."""
    told = {
        key: (one.accounts, one.active, one.activating, one.deactivating, one.own, slot)
        for key, slot, one in believed
    }
    stored = StakeEpoch.objects.filter(epoch=epoch).values_list("validator_id", "pk", "slot")
    known = {key: (pk, slot) for key, pk, slot in bulk.read_rows(stored)}
    constants = {"looked_at": at, "source": StakeEpoch.Source.ACCOUNTS.value}
    bulk.update_rows(
        StakeEpoch,
        fields=_TOLD,
        rows=[
            (*row, known[key][0]) for key, row in told.items() if key in known and row[-1] >= known[key][1]
        ],
        constants=constants,
    )
    bulk.insert_rows(
        StakeEpoch,
        fields=("validator_id", *_TOLD),
        rows=[(key, *row) for key, row in told.items() if key not in known],
        constants={**constants, "epoch": epoch},
    )
