"""Storing what the chain says of itself: slot time, Alpenglow, the admission rule, its clock and rewards."""

import logging
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from django.utils import timezone

from validators.exceptions import ImplausibleError
from validators.models import THE_CHAIN, ChainState, ClusterEpoch, Fetch
from validators.services import bulk
from validators.services.attempts import attempt, newest_fetch, refuse_if_behind
from validators.services.cluster_epochs import set_slot_time
from validators.services.returns import refresh_ended
from validators.services.sources import Source, record_success
from validators.services.yields import refresh_yields
from validators.solana.accounts import METHOD
from validators.solana.arithmetic import CreditsUnit
from validators.solana.chain_state import ChainLook, ask_chain_state
from validators.solana.features import ADMISSION_FEATURE, ALPENGLOW_FEATURE, SLOT_TIME_FEATURES
from validators.solana.layouts import Clock, Feature
from validators.solana.slot_times import (
    SlotTimeBasis,
    epoch_of_slot,
    measured_slot_ms,
    nearest_slot_ms,
    slot_times,
)

logger = logging.getLogger(__name__)

# What says nothing of time, and is long.
_LONG: Final = ("superminority", "stake_by_client", "stake_by_version")
# An instant that no clock of a chain shows is none.
LATEST_TIMESTAMP: Final = 2**33


class Calendar(NamedTuple):
    """Which epoch a slot lies in, told from the newest fetch."""

    epoch: int
    first_slot: int
    lengths: Mapping[int, int]

    def length_of(self, epoch: int) -> int:
        """In slots: of an epoch that nobody saw, as many as of the nearest later one that somebody did."""
        later = [known for known in self.lengths if known >= epoch]
        return self.lengths[min(later, default=self.epoch)]

    def epoch_of(self, slot: int) -> int:
        return epoch_of_slot(slot, epoch=self.epoch, first_slot=self.first_slot, lengths=self.lengths)


def fetch_chain() -> dict[str, Any]:
    """Ask for the chain's own accounts and store what they tell, also of past epochs."""
    newest = newest_fetch()
    told = ChainState.objects.exclude(genesis_hash="").exists()
    genesis_known = bool(newest.genesis_hash) or told
    return attempt(
        Source.CLUSTER,
        newest=newest,
        judge=lambda endpoint, look: _judge(endpoint, look, newest),
        ask=lambda endpoint: ask_chain_state(endpoint, genesis_known=genesis_known),
        store=lambda look, _: _store(look, newest),
    )


def _judge(endpoint: str, look: ChainLook, newest: Fetch) -> None:
    """Raises an ImplausibleError for a node that is behind, by its slot or its clock."""
    if look.slot is not None:
        refuse_if_behind(endpoint, look.slot, newest, method=METHOD)
    if look.clock is not None and look.clock.epoch < newest.epoch:
        cause = f"its clock is in epoch {look.clock.epoch}, and epoch {newest.epoch} runs"
        raise ImplausibleError(endpoint, METHOD, cause)


def _store(look: ChainLook, newest: Fetch) -> dict[str, Any]:
    bulk.serialize_writers()
    now = timezone.now()
    calendar = _calendar(newest)
    chain = ChainState.objects.first() or ChainState(pk=THE_CHAIN)
    chain.looked_at, chain.slot = now, look.slot or chain.slot
    chain.rent = look.rent or chain.rent
    chain.genesis_hash = look.genesis_hash or chain.genesis_hash or newest.genesis_hash
    _set_features(chain, look, calendar, newest)
    chain.measured_slot_ms = _measured(look.clock, calendar)
    chain.save()
    changed = {*_store_slot_times(chain, calendar), *_store_clock(look.clock), *_store_rewards(look)}
    _store_stake_history(look)
    running = ClusterEpoch.objects.filter(epoch=newest.epoch).first()
    _warn_of_another_pace(chain, running)
    ended = sorted(epoch for epoch in changed if epoch < newest.epoch)
    if not ended or not refresh_ended(ended):
        refresh_yields()
    record_success(Source.CLUSTER, endpoint=look.endpoint, at=now)
    return {
        "endpoint": look.endpoint,
        "slot_ms": running.slot_ms if running else None,
        "slot_ms_basis": running.slot_ms_basis if running else "",
        "measured_slot_ms": chain.measured_slot_ms and round(chain.measured_slot_ms, 1),
        "alpenglow": chain.alpenglow,
        "alpenglow_epoch": chain.alpenglow_epoch,
    }


def _calendar(newest: Fetch) -> Calendar:
    rows = ClusterEpoch.objects.filter(slots__isnull=False).values_list("epoch", "slots")
    lengths = dict(bulk.read_rows(rows)) | {newest.epoch: newest.slots_in_epoch}
    return Calendar(newest.epoch, newest.first_slot, lengths)


def _set_features(chain: ChainState, look: ChainLook, calendar: Calendar, newest: Fetch) -> None:
    if look.features is not None:
        active = [
            (ms, calendar.epoch_of(feature.slot))
            for address, ms in SLOT_TIME_FEATURES.items()
            if (feature := look.features[address]) and feature.active and feature.slot is not None
        ]
        chain.slot_times = [list(step) for step in slot_times(active)]
        begins = [
            epoch
            for address in (ADMISSION_FEATURE, ALPENGLOW_FEATURE)
            if (epoch := _activation(address, look, calendar)) is not None
        ]
        # At the first slot of that epoch the set of the next one is chosen.
        chain.admission_from = [min(begins) + 1] if begins else []
        _set_alpenglow(chain, look.features[ALPENGLOW_FEATURE], look, calendar, newest)
    elif look.migrated:
        chain.alpenglow = ChainState.Alpenglow.ON
        chain.alpenglow_epoch = chain.alpenglow_epoch or newest.split_epoch
    elif look.migrated is False and chain.alpenglow == ChainState.Alpenglow.UNKNOWN:
        chain.alpenglow = ChainState.Alpenglow.OFF


def _set_alpenglow(
    chain: ChainState, feature: Feature | None, look: ChainLook, calendar: Calendar, newest: Fetch
) -> None:
    """A feature that is active begins the migration; that it is done, a certificate says if one is told."""
    begins_in = _activation(ALPENGLOW_FEATURE, look, calendar)
    done = look.migrated if look.migrated is not None else feature is not None and feature.active
    if done:
        chain.alpenglow = ChainState.Alpenglow.ON
    else:
        chain.alpenglow = ChainState.Alpenglow.OFF if feature is None else ChainState.Alpenglow.PENDING
    # What the replies show is a guess where the marks have dropped out of them.
    chain.alpenglow_epoch = newest.split_epoch if done and begins_in is None else begins_in


def _activation(address: str, look: ChainLook, calendar: Calendar) -> int | None:
    """The epoch in which a feature is activated: one that is pending, at the boundary after the look."""
    feature = look.features[address] if look.features else None
    if feature is None:
        return None
    if feature.active and feature.slot is not None:
        return calendar.epoch_of(feature.slot)
    return (calendar.epoch if look.slot is None else calendar.epoch_of(look.slot)) + 1


def _measured(clock: Clock | None, calendar: Calendar) -> float | None:
    """By the chain's own clock, which was read together with its slot."""
    if clock is None or clock.epoch != calendar.epoch:
        return None
    slots, seconds = clock.slot - calendar.first_slot, clock.unix_timestamp - clock.epoch_start_timestamp
    return measured_slot_ms(slots=slots, seconds=seconds)


def _store_slot_times(chain: ChainState, calendar: Calendar) -> Iterator[int]:
    """Give each epoch its slot time, and its slots where nobody saw it; yields those that have others now."""
    for row in ClusterEpoch.objects.defer(*_LONG).order_by("epoch"):
        before = (row.slots, row.slot_ms, row.slot_ms_basis)
        if row.slots is None:
            row.slots = calendar.length_of(row.epoch)
        set_slot_time(row, chain)
        if (row.slots, row.slot_ms, row.slot_ms_basis) != before:
            row.save(update_fields=["slots", "slot_ms", "slot_ms_basis"])
            yield row.epoch


def _store_clock(clock: Clock | None) -> Iterator[int]:
    """The instant of the running epoch's first block, which is where the one before ended."""
    if clock is None or not 0 < clock.epoch_start_timestamp < LATEST_TIMESTAMP:
        return
    at = datetime.fromtimestamp(clock.epoch_start_timestamp, UTC)
    for epoch, field in ((clock.epoch, "clock_started_at"), (clock.epoch - 1, "clock_ended_at")):
        other = ClusterEpoch.objects.filter(epoch=epoch).exclude(**{field: at})
        if other.update(**{field: at}):
            yield epoch


def _store_rewards(look: ChainLook) -> Iterator[int]:
    """What the chain paid for the last epoch; after Alpenglow the lamports of the accounts tell that."""
    if look.rewards is None or look.clock is None or not look.rewards.total_rewards:
        return
    paid = {"reward_points": str(look.rewards.total_points), "rewards_total": look.rewards.total_rewards}
    epoch = look.clock.epoch - 1
    tower = ClusterEpoch.objects.filter(epoch=epoch, credits_unit=CreditsUnit.VOTE_CREDITS)
    if tower.exclude(**paid).update(**paid):
        yield epoch


def _store_stake_history(look: ChainLook) -> None:
    history = {one.epoch: one for one in look.stake_history or ()}
    for row in ClusterEpoch.objects.filter(epoch__in=list(history), activating_stake=None):
        entry = history[row.epoch]
        row.activating_stake, row.deactivating_stake = entry.activating, entry.deactivating
        row.save(update_fields=["activating_stake", "deactivating_stake"])


def _warn_of_another_pace(chain: ChainState, running: ClusterEpoch | None) -> None:
    measured = chain.measured_slot_ms
    if measured is None or running is None or running.slot_ms_basis != SlotTimeBasis.CHAIN:
        return
    nearest = nearest_slot_ms(measured)
    if nearest != running.slot_ms:
        logger.warning(
            "Slots take %.0f ms, nearer to %d ms than to the %s ms that the chain's features say.",
            measured,
            nearest,
            running.slot_ms,
            extra={"action": "slot_time_doubted"},
        )
