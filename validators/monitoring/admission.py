"""Who will be left out of the set of the epoch after the next, and how long that can still be mended."""

from datetime import datetime, timedelta

from scheduling.timing.durations import show_roughly
from validators.models import ClusterEpoch, Fetch, VoteState
from validators.models.by_bytes import ByBytes
from validators.solana.admission import oldest_look

Admission = VoteState.Admission


def end_of_epoch(epoch: int) -> datetime | None:
    """When that epoch ends, if it runs and its pace is known.

    By the pace at which we saw its slots pass: that is the time which people have.
    """
    newest, running = Fetch.objects.newest(), ClusterEpoch.objects.filter(epoch=epoch).first()
    if newest is None or running is None or newest.epoch != epoch or running.slots is None:
        return None
    slot_ms = running.seen_slot_ms or running.slot_ms
    if slot_ms is None:
        return None
    return newest.started_at + timedelta(milliseconds=slot_ms * (running.slots - newest.slot_index))


def time_left(epoch: int, *, now: datetime) -> str:
    """Until that epoch ends, roughly; empty when it has, or nobody knows."""
    end = end_of_epoch(epoch)
    return show_roughly(end - now) if end is not None and end > now else ""


def counts(running: int) -> dict[str, int]:
    """How many present validators with stake will be in, out or unknown in the set after next."""
    staked = VoteState.objects.filter(validator__left_at=None, validator__activated_stake__gt=0)
    found = dict.fromkeys(Admission.values, 0)
    for epoch, verdict in staked.values_list("epoch", "after_next"):
        found[verdict if epoch >= oldest_look(running + 2) else Admission.UNKNOWN.value] += 1
    return found


def kept_out(vote_accounts: list[str]) -> list[VoteState]:
    """Those of these vote accounts that will not be in a set to come, by what they last told of any."""
    newest = Fetch.objects.newest()
    since = oldest_look(newest.epoch + 1) if newest else 0
    out = VoteState.objects.filter(after_next=Admission.OUT, validator__left_at=None, epoch__gte=since)
    wanted = out.filter(validator__vote_account__in=vote_accounts)
    return list(wanted.select_related("validator").order_by(ByBytes("validator__vote_account")))
