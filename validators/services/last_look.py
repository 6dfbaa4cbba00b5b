"""The last good look at the cluster, as it is stored."""

from validators.models import ClusterEpoch
from validators.services.present import Present
from validators.services.running_epoch import StoredRunning
from validators.services.stored import StoredValidator
from validators.solana.last_look import KnownAccount, LastLook
from validators.solana.plausible_votes import typical_vote


def last_look(present: Present) -> LastLook | None:
    """Of the newest fetch: everybody present then, and what they had earned in the epoch that ran."""
    newest = present.newest
    if newest is None:
        return None
    validators = [row for row in present.validators.values() if not row.is_gone]
    return LastLook(
        epoch=newest.epoch,
        absolute_slot=newest.absolute_slot,
        began_at=newest.started_at,
        still_since=newest.still_since,
        voted=typical_vote(row.last_vote for row in validators if not row.delinquent),
        validators=newest.validators_total,
        stakes_change=_stakes_change(newest.epoch),
        accounts={row.vote_account: _known(row, present.running.get(row.pk)) for row in validators},
    )


def _known(row: StoredValidator, earned: StoredRunning | None) -> KnownAccount:
    told = (None, "") if earned is None else earned[3:5]
    # Half the price of calling it.
    return tuple.__new__(KnownAccount, (row.activated_stake, row.commission_bps, bool(row.delinquent), *told))


def _stakes_change(epoch: int) -> bool:
    totals = ClusterEpoch.objects.filter(epoch__in=(epoch - 1, epoch), total_stake__isnull=False)
    return len(set(totals.values_list("total_stake", flat=True))) > 1
