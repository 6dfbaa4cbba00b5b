"""The validators as an earlier epoch left them: of what is stored by epoch, and its last scoring run.

What was not stored by epoch is unknown; a name is today's, for it says who it is.
"""

from collections.abc import Collection
from typing import Any, Final

from django.db.models import BooleanField, Case, F, OuterRef, QuerySet, Subquery, Value, When

from validators.models import ClusterEpoch, Fetch, ScoringRun, TrustScore, ValidatorEpoch
from validators.reading.histories import with_ends
from validators.reading.picture import Picture, headline_method
from validators.reading.standings import Narrowing, in_order, with_known

# By the names of the present list; its columns that are not here were not stored by epoch.
THEN: Final = (
    *("vote_account", "identity", "name", "name_mark", "website", "rank", "score", "components"),
    *("vote_performance", "commission_bps", "activated_stake", "skip_rate", "leader_slots", "leader_luck"),
    *("version", "client", "delinquent", "superminority", "commission_flags", "first_seen_at"),
    *("epoch", "validator_id", "known_name", "known_version", "blocks_unfinished"),
)
_OF_VALIDATOR: Final = ("vote_account", "name", "name_mark", "website", "commission_flags", "first_seen_at")
_OF_SCORE: Final = ("rank", "score", "components")


def stored_epochs() -> list[tuple[int, int]]:
    """Of which any validator has a row: from one to another without a gap, oldest first."""
    found: list[tuple[int, int]] = []
    for epoch in ValidatorEpoch.objects.order_by("epoch").values_list("epoch", flat=True).distinct():
        if found and found[-1][1] == epoch - 1:
            found[-1] = (found[-1][0], epoch)
        else:
            found.append((epoch, epoch))
    return found


def is_stored(epoch: int) -> bool:
    return ValidatorEpoch.objects.filter(epoch=epoch).exists()


def picture_of_epoch(epoch: int, method: str | None) -> Picture:
    """Its last completed run of the method, and the last of its fetches that is still there."""
    run = ScoringRun.objects.completed().filter(epoch=epoch, method=method or headline_method()).newest()
    return Picture(fetch=last_fetch(epoch), scoring_run=run)


def last_fetch(epoch: int) -> Fetch | None:
    return Fetch.objects.filter(epoch=epoch).newest()


def past_standings(
    epoch: int, run: ScoringRun | None, *, narrowing: Narrowing, sort: str
) -> "QuerySet[ValidatorEpoch, Any]":
    """Rows of ValidatorEpoch with the names in THEN; a query before it for the superminority of then."""
    rows = with_ends(ValidatorEpoch.objects.filter(epoch=epoch)).annotate(
        **{name: F(f"validator__{name}") for name in _OF_VALIDATOR},
        **{name: _of_score(run, name) for name in _OF_SCORE},
        commission_bps=F("commission_last_bps"),
        delinquent=F("delinquent_at_end"),
        superminority=_in_superminority(epoch),
    )
    ordered: QuerySet[ValidatorEpoch, Any] = in_order(with_known(rows), narrowing=narrowing, sort=sort)
    return ordered


def _of_score(run: ScoringRun | None, name: str) -> Subquery:
    """What the run of then said, null where it said nothing."""
    scores = TrustScore.objects.filter(run=run.pk if run else None, validator=OuterRef("validator"))
    return Subquery(scores.values(name)[:1])


def _in_superminority(epoch: int) -> Any:
    members = ClusterEpoch.objects.filter(epoch=epoch).values_list("superminority", flat=True).first()
    if not members:
        return Value(None, output_field=BooleanField(null=True))
    return Case(When(validator__vote_account__in=members, then=Value(True)), default=Value(False))


def known_keys(epoch: int, *, vote_accounts: Collection[str], identities: Collection[str]) -> set[str]:
    """Of these, those that have a row in the epoch."""
    rows = ValidatorEpoch.objects.filter(epoch=epoch)
    accounts = rows.filter(validator__vote_account__in=vote_accounts).values_list("validator__vote_account")
    nodes = rows.filter(identity__in=identities).values_list("identity")
    return {key for (key,) in accounts.union(nodes)}
