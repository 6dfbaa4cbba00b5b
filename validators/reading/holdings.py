"""What of a validator's stake leaves now, and how much of the cluster its operator holds."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.db.models import Count, Exists, F, OuterRef, Q, Sum

from scheduling.wording import counted
from validators.figures import grouped
from validators.models import Fetch, StakeEpoch, Validator
from validators.solana.operators import Common, Strength
from validators.templatetags.units import fraction_percent, sol

# Of the active stake, within the running epoch: less comes and goes with any of them.
LEAST_LEAVING: Final = 0.1
# Of the cluster's stake, by several validators: below that nobody's failing is the cluster's.
LEAST_OF_OPERATOR: Final = 0.01
_SHARED: Final[Mapping[str, str]] = {
    Common.WITHDRAW_AUTHORITY: "withdraw authority",
    Common.IDENTITY: "identity",
    Common.COLLECTOR: "collector of rewards",
    Common.NAME_AND_ADDRESS: "name and address",
    Common.NAME: "name",
    Common.ADDRESS: "address",
}


class Leaving(NamedTuple):
    """Stake of a validator that leaves with the end of an epoch, in lamports."""

    epoch: int
    active: int
    deactivating: int
    looked_at: datetime

    @property
    def sentence(self) -> str:
        share = fraction_percent(self.deactivating / self.active)
        return (
            f"{sol(self.deactivating)} SOL of its stake ({share}) leave with the end of epoch {self.epoch}, "
            f"as its stake accounts told {self.looked_at:%Y-%m-%d %H:%M} UTC."
        )


class LargeOperator(NamedTuple):
    """Several validators that evidence says one runs; `share` is of the cluster's stake."""

    validators: int
    share: float

    def sentence(self, key: str, evidence: Iterable[Mapping[str, Any]], *, epoch: int | None) -> str:
        strong = {one["common"] for one in evidence if one["strength"] == Strength.STRONG}
        shared = ", ".join(_SHARED[common] for common in Common if common in strong)
        read = "" if epoch is None else f", as read in epoch {epoch}"
        by = f" Shared with others of them: {shared}{read}." if shared else ""
        return (
            f"Its operator ({key}) runs {grouped(self.validators)} validators with "
            f"{fraction_percent(self.share)} of the stake.{by}"
        )


def _leaving() -> Any:
    """Of the running epoch: what left with an earlier one is gone."""
    of_now = StakeEpoch.objects.filter(epoch=Fetch.objects.running_epoch(), active__gt=0)
    return of_now.filter(deactivating__gte=F("active") * LEAST_LEAVING)


def moving_said(epoch: int | None) -> str:
    """What comes to and leaves the cluster in an epoch that runs, as far as stake accounts were looked at.

    What the chain's own history says of it is told of epochs that are over. Two queries.
    """
    looks = StakeEpoch.objects.filter(epoch=epoch or 0, validator__left_at=None).aggregate(
        validators=Count("pk"), held=Sum("active"), come=Sum("activating"), leave=Sum("deactivating")
    )
    if not looks["validators"]:
        return (
            f"What comes and leaves in epoch {epoch}, which runs, is not known yet: the chain tells it once "
            "it is over, and no stake accounts of it were looked at."
        )
    total = Validator.objects.present().aggregate(total=Sum("activated_stake"))["total"]
    share = f" with {fraction_percent(min(1.0, looks['held'] / total))} of the stake" if total else ""
    number = looks["validators"]
    return (
        f"In epoch {epoch}, which runs, {sol(looks['come'])} SOL come with the next one and "
        f"{sol(looks['leave'])} SOL leave with its end, by the stake accounts of "
        f"{counted(number, 'validator')}{share} that were looked at in it so far."
    )


def much_leaves() -> Q:
    """Of a validator; for a question about many."""
    return Q(Exists(_leaving().filter(validator=OuterRef("pk"))))


def leaving_stakes() -> dict[int, Leaving]:
    """By key, of those from whom much leaves now. One query."""
    rows = _leaving().values_list("validator_id", "epoch", "active", "deactivating", "looked_at")
    return {key: Leaving(*rest) for key, *rest in rows}


def large_operators() -> dict[str, LargeOperator]:
    """By key, those of several validators with much of the stake. One query."""
    groups = Validator.objects.present().order_by().values("operator")
    rows = list(
        groups.annotate(number=Count("pk"), held=Sum("activated_stake")).values_list(
            "operator", "number", "held"
        )
    )
    total = sum(held for _, _, held in rows)
    return {
        key: LargeOperator(number, held / total)
        for key, number, held in rows
        if key and number > 1 and total and held >= LEAST_OF_OPERATOR * total
    }
