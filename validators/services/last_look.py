"""The last good look at the cluster, as it is stored."""

from typing import Any

from validators.models import ClusterEpoch, Fetch, Validator, ValidatorEpoch
from validators.services import bulk
from validators.solana.last_look import KnownAccount, LastLook
from validators.solana.plausible_votes import typical_vote


def last_look(newest: Fetch) -> LastLook:
    """Of the newest fetch: everybody present then, and what they had earned in the epoch that ran."""
    accounts = ("pk", "vote_account", "activated_stake", "commission_bps", "last_vote", "delinquent")
    validators: list[Any] = bulk.read_rows(Validator.objects.present().values_list(*accounts))
    rows = ValidatorEpoch.objects.filter(epoch=newest.epoch)
    earned = {
        key: (credits, unit)
        for key, credits, unit in bulk.read_rows(rows.values_list("validator_id", "credits", "credits_unit"))
    }
    return LastLook(
        epoch=newest.epoch,
        absolute_slot=newest.absolute_slot,
        began_at=newest.started_at,
        still_since=newest.still_since,
        voted=typical_vote(row[4] for row in validators if not row[5]),
        validators=newest.validators_total,
        stakes_change=_stakes_change(newest.epoch),
        accounts={
            account: KnownAccount(stake, commission, bool(delinquent), *earned.get(pk, (None, "")))
            for pk, account, stake, commission, _, delinquent in validators
        },
    )


def _stakes_change(epoch: int) -> bool:
    totals = ClusterEpoch.objects.filter(epoch__in=(epoch - 1, epoch), total_stake__isnull=False)
    return len(set(totals.values_list("total_stake", flat=True))) > 1
