"""Storing who made blocks of the leader slots it had: of the running epoch so far, of an ended one in all."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from django.utils import timezone

from scheduling.exceptions import SkipRun
from validators.exceptions import ImplausibleError
from validators.figures import percent
from validators.models import BlocksBasis, ClusterEpoch, Fetch, Validator, ValidatorEpoch
from validators.services import bulk
from validators.services.attempts import attempt, newest_fetch, refuse_if_behind, skip_if_ahead
from validators.services.bad_epochs import bad_epoch_news
from validators.services.blocks import record_blocks
from validators.services.events import record_events
from validators.services.performances import refresh_performances
from validators.services.sources import Source, record_success
from validators.solana.production import (
    METHOD,
    SCHEDULE_METHOD,
    Leader,
    Production,
    ask_leader_slots,
    ask_production,
    ask_whole_production,
)
from validators.solana.rpc import Endpoint

# With fewer slots passed, that no leader is known may be chance.
LEAST_SLOTS_JUDGED: Final = 1_000
# Of an epoch's leader slots, as far as a part of it told how many there are.
LEAST_OF_A_WHOLE: Final = 0.98
TELLS_ALL: Final = 0.9
# Who leads had stake two epochs ago, so nearly all are known.
LEAST_SLOTS_KNOWN: Final = 0.5
# Back from the running epoch: a node keeps a million slots.
EPOCHS_TOLD: Final = 2
# Skipped slots of a few leader slots are noise: they count as if these had gone like the cluster's.
SLOTS_OF_DOUBT: Final = 40


class Ended(NamedTuple):
    """An epoch that is over, by its first and last slot; of a scheduled one the leader slots are known.

    `share_led`: of the slots that were counted while it ran, how many had a known leader.
    """

    epoch: int
    first_slot: int
    last_slot: int
    scheduled: bool
    share_led: float


@dataclass(frozen=True, slots=True)
class ToldEpoch:
    """Of an ended epoch the blocks of all of it, else its leader slots."""

    ended: Ended
    whole: Production | None = None
    leader_slots: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The running epoch so far, and what was told of ended ones."""

    running: Production
    told: Sequence[ToldEpoch]


def fetch_production() -> dict[str, Any]:
    """Ask for the block production of the running epoch, and once of all of each ended one.

    The chain counts by identity: several vote accounts of one identity get the same numbers.
    """
    newest = newest_fetch()
    return attempt(
        Source.PRODUCTION,
        newest=newest,
        ask=lambda endpoint: _ask(endpoint, newest),
        judge=lambda endpoint, answer: _judge(endpoint, answer, newest),
        store=lambda answer, _: _store(answer, newest),
    )


def _ask(endpoint: Endpoint, newest: Fetch) -> Answer:
    running = ask_production(endpoint)
    told = [_ask_ended(endpoint, ended, running) for ended in _open_epochs(running, newest)]
    return Answer(running, told)


def _ask_ended(endpoint: Endpoint, ended: Ended, running: Production) -> ToldEpoch:
    whole = ask_whole_production(endpoint, (ended.first_slot, ended.last_slot))
    if whole is not None and _leaves_out(whole, known=max(ended.share_led, running.share_led)):
        whole = None
    if whole is not None or ended.scheduled:
        return ToldEpoch(ended, whole)
    return ToldEpoch(ended, leader_slots=ask_leader_slots(endpoint, ended.first_slot))


def _open_epochs(running: Production, newest: Fetch) -> Iterator[Ended]:
    """The ended epochs that a node still tells of, while their blocks are not known for good."""
    known = {row.epoch: row for row in ClusterEpoch.objects.filter(epoch__gte=newest.epoch - EPOCHS_TOLD)}
    # What a fetch saw of an epoch tells where it began, and that the one before it ended there.
    begins = {epoch: row.first_slot for epoch, row in known.items() if row.first_slot is not None}
    begins[newest.epoch] = newest.first_slot
    epoch = _epoch_of(running, newest)
    begins[epoch] = running.first_slot
    begins.setdefault(epoch - 1, running.first_slot - newest.slots_in_epoch)
    for ended in range(epoch - EPOCHS_TOLD, epoch):
        first, following = begins.get(ended), begins.get(ended + 1)
        basis = known[ended].blocks_basis if ended in known else ""
        if basis == BlocksBasis.FINAL or first is None or following is None:
            continue
        if ended >= 0 and 0 <= first < following:
            scheduled = basis == BlocksBasis.SCHEDULE
            yield Ended(ended, first, following - 1, scheduled, _share_led(known.get(ended)))


def _leaves_out(whole: Production, *, known: float) -> bool:
    """Every slot has a leader; an endpoint that told nearly all of them before tells of a part now.

    Of one whose numbers are impossible it would stand for good that it led no slot.
    """
    if whole.leaders.rejected:
        return True
    return known >= TELLS_ALL and whole.share_led < LEAST_OF_A_WHOLE * known


def _share_led(cluster: ClusterEpoch | None) -> float:
    if cluster is None or not cluster.blocks_slots:
        return 0.0
    return (cluster.leader_slots or 0) / cluster.blocks_slots


def _judge(endpoint: str, answer: Answer, newest: Fetch) -> None:
    """Raises an ImplausibleError for a node that is behind, and for leaders of whom few are known."""
    running = answer.running
    refuse_if_behind(endpoint, running.last_slot, newest, method=METHOD)
    identities = _known_identities(newest)
    if running.slots >= LEAST_SLOTS_JUDGED:
        _refuse_strangers(endpoint, METHOD, _slots_led(running), identities)
    for told in answer.told:
        if told.whole is not None:
            _refuse_strangers(endpoint, METHOD, _slots_led(told.whole), identities)
        if told.leader_slots is not None:
            _refuse_strangers(endpoint, SCHEDULE_METHOD, told.leader_slots, identities)


def _known_identities(newest: Fetch) -> set[str]:
    """Of now and of two epochs before: an identity that was given up goes on leading for so long."""
    identities = set(Validator.objects.present().values_list("identity", flat=True))
    before = ValidatorEpoch.objects.filter(epoch__range=(newest.epoch - EPOCHS_TOLD, newest.epoch - 1))
    identities.update(before.values_list("identity", flat=True).distinct())
    return identities


def _slots_led(production: Production) -> dict[str, int]:
    return {leader.identity: leader.leader_slots for leader in production.leaders.good}


def _refuse_strangers(endpoint: str, method: str, led: Mapping[str, int], identities: set[str]) -> None:
    slots = sum(led.values())
    known = sum(slots for identity, slots in led.items() if identity in identities)
    if known >= LEAST_SLOTS_KNOWN * slots:
        return
    share = percent(known / slots, 0) if known else "none"
    cause = (
        f"{share} of the leader slots of its {len(led):,} leaders are of known validators, so it looks like "
        "another cluster"
    )
    raise ImplausibleError(endpoint, method, cause)


def _store(answer: Answer, newest: Fetch) -> dict[str, Any]:
    bulk.serialize_writers()
    production = answer.running
    epoch = _epoch_of(production, newest)
    leaders = {leader.identity: leader for leader in production.leaders.good}
    validators = Validator.objects.present().values_list(
        "pk", "identity", "leader_slots", "blocks_produced", "production_epoch"
    )
    known = [(row, leaders[row[1]]) for row in bulk.read_rows(validators) if row[1] in leaders]
    if not known and not any(told.whole or told.leader_slots for told in answer.told):
        raise SkipRun(f"epoch {epoch} is {production.slots} slots old, and no known validator has led in it")
    written = record_blocks(epoch, leaders, basis=BlocksBasis.PARTIAL, slots=production.slots)
    ended = {told.ended.epoch: _store_ended(told) for told in answer.told}
    if epoch >= newest.epoch and written is not None:
        _write_present(known, epoch)
    now = timezone.now()
    record_success(
        Source.PRODUCTION,
        endpoint=production.leaders.endpoint,
        rejected=production.leaders.rejected,
        at=now,
    )
    if ended:
        record_events(bad_epoch_news(newest), epoch=newest.epoch, at=now)
    return {
        "endpoint": production.leaders.endpoint,
        "epoch": epoch,
        "leaders": len(leaders),
        "validators": len(known),
        "epoch_rows_written": (written or 0) + sum(rows or 0 for rows in ended.values()),
        "ended_epochs": [epoch for epoch, rows in ended.items() if rows is not None],
        "rejected": len(production.leaders.rejected),
    }


def _store_ended(told: ToldEpoch) -> int | None:
    """Rows written; None where nothing was told of it, or more is known already."""
    epoch, first, last, *_ = told.ended
    if told.whole is not None:
        leaders = {leader.identity: leader for leader in told.whole.leaders.good}
        written = record_blocks(epoch, leaders, basis=BlocksBasis.FINAL, slots=told.whole.slots)
        if written is not None:
            _finish_present(leaders, epoch)
    elif told.leader_slots is not None:
        leaders = _by_schedule(told.leader_slots, ClusterEpoch.objects.filter(epoch=epoch).first())
        written = record_blocks(epoch, leaders, basis=BlocksBasis.SCHEDULE, slots=last - first + 1)
    else:
        return None
    refresh_performances([epoch])
    return written


def _by_schedule(leader_slots: Mapping[str, int], cluster: ClusterEpoch | None) -> dict[str, Leader]:
    """Leader slots of the schedule, less the share that the cluster skipped in what was counted of the epoch.

    A validator's own share is drawn towards that where few of its slots were counted.
    """
    skipped = 0.0
    if cluster is not None and cluster.leader_slots and cluster.blocks_produced is not None:
        skipped = 1 - cluster.blocks_produced / cluster.leader_slots
    partial = _counted(cluster.epoch) if cluster is not None else {}
    leaders = {}
    for identity, slots in leader_slots.items():
        led, made = partial.get(identity, (0, 0))
        share = (led - made + SLOTS_OF_DOUBT * skipped) / (led + SLOTS_OF_DOUBT)
        leaders[identity] = Leader(identity, slots, round(slots * (1 - share)))
    return leaders


def _counted(epoch: int) -> dict[str, tuple[int, int]]:
    """By identity: leader slots and blocks, as counted while that epoch ran."""
    rows = ValidatorEpoch.objects.filter(epoch=epoch, leader_slots__gt=0)
    columns = ("identity", "leader_slots", "blocks_produced")
    return {identity: (led, made) for identity, led, made in bulk.read_rows(rows.values_list(*columns))}


def _epoch_of(production: Production, newest: Fetch) -> int:
    """The epoch that the slots are of, by the newest fetch's place in its own."""
    epoch = newest.epoch_of(production.first_slot)
    skip_if_ahead(epoch, newest)
    if abs(epoch - newest.epoch) > 1:
        cause = f"block production of epoch {epoch}, and epoch {newest.epoch} runs"
        raise ImplausibleError(production.leaders.endpoint, METHOD, cause)
    return epoch


def _finish_present(leaders: Mapping[str, Leader], epoch: int) -> None:
    """Where nothing newer is shown yet, what was counted in a part of the epoch becomes all of it."""
    columns = ("pk", "identity", "leader_slots", "blocks_produced", "production_epoch")
    rows = bulk.read_rows(Validator.objects.present().filter(production_epoch=epoch).values_list(*columns))
    _write_present([(row, leaders[row[1]]) for row in rows if row[1] in leaders], epoch)


def _write_present(known: list[tuple[Any, Leader]], epoch: int) -> None:
    """What a node told that was further on stays."""
    rows = [
        (leader.leader_slots, leader.blocks_produced, epoch, pk)
        for (pk, _, *stored), leader in known
        if stored != [leader.leader_slots, leader.blocks_produced, epoch] and (stored[2] or 0) <= epoch
    ]
    fields = ("leader_slots", "blocks_produced", "production_epoch")
    bulk.update_rows(Validator, fields=fields, rows=rows, constants={})
