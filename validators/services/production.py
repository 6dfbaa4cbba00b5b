"""Storing who made blocks of the leader slots it had."""

from typing import Any

from django.utils import timezone

from validators.exceptions import SnapshotRefusedError
from validators.models import Fetch, Validator, ValidatorEpoch
from validators.services import bulk
from validators.services.attempts import attempt, newest_fetch
from validators.services.sources import Source, record_success
from validators.solana.production import Leader, Production, ask_production


def fetch_production() -> dict[str, Any]:
    """Ask for the block production of the running epoch and store it by vote account.

    The chain counts by identity: several vote accounts of one identity get the same numbers.
    """
    newest = newest_fetch()
    return attempt(Source.PRODUCTION, ask=ask_production, store=lambda answer: _store(answer, newest))


def _store(production: Production, newest: Fetch) -> dict[str, Any]:
    bulk.serialize_writers()
    epoch = _epoch_of(production, newest)
    leaders = {leader.identity: leader for leader in production.leaders.good}
    validators = Validator.objects.present().values_list(
        "pk", "identity", "leader_slots", "blocks_produced", "production_epoch"
    )
    known = [(row, leaders[row[1]]) for row in bulk.read_rows(validators) if row[1] in leaders]
    if not known:
        raise SnapshotRefusedError(
            f"{production.leaders.endpoint}: none of its {len(leaders)} leaders is known, so it looks like "
            "another cluster"
        )
    if epoch >= newest.epoch:
        _write_present(known, epoch)
    written = _write_epochs({row[0]: leader for row, leader in known}, epoch)
    record_success(
        Source.PRODUCTION,
        endpoint=production.leaders.endpoint,
        rejected=production.leaders.rejected,
        at=timezone.now(),
    )
    return {
        "endpoint": production.leaders.endpoint,
        "epoch": epoch,
        "leaders": len(leaders),
        "validators": len(known),
        "epoch_rows_written": written,
        "rejected": len(production.leaders.rejected),
    }


def _epoch_of(production: Production, newest: Fetch) -> int:
    """The epoch that the slots are of, by the newest fetch's place in its own."""
    start = newest.absolute_slot - newest.slot_index
    epoch = newest.epoch + (production.first_slot - start) // newest.slots_in_epoch
    if abs(epoch - newest.epoch) > 1:
        raise SnapshotRefusedError(
            f"{production.leaders.endpoint}: block production of epoch {epoch}, and epoch {newest.epoch} runs"
        )
    return epoch


def _write_present(known: list[tuple[Any, Leader]], epoch: int) -> None:
    rows = [
        (leader.leader_slots, leader.blocks_produced, epoch, pk)
        for (pk, _, *stored), leader in known
        if stored != [leader.leader_slots, leader.blocks_produced, epoch]
    ]
    fields = ("leader_slots", "blocks_produced", "production_epoch")
    bulk.update_rows(Validator, fields=fields, rows=rows, constants={})


def _write_epochs(leaders: dict[int, Leader], epoch: int) -> int:
    rows = ValidatorEpoch.objects.filter(epoch=epoch)
    changed = [
        (leader.leader_slots, leader.blocks_produced, leader.skip_rate, pk)
        for pk, key, *stored in bulk.read_rows(
            rows.values_list("pk", "validator_id", "leader_slots", "blocks_produced")
        )
        if (leader := leaders.get(key)) is not None
        and stored != [leader.leader_slots, leader.blocks_produced]
    ]
    fields = ("leader_slots", "blocks_produced", "skip_rate")
    bulk.update_rows(ValidatorEpoch, fields=fields, rows=changed, constants={})
    return len(changed)
