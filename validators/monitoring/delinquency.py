"""How much of the stake does not vote: much of it is about the cluster, or whoever tells so."""

from datetime import datetime
from typing import Final

from django.db.models import Q, Sum

from scheduling.monitoring.alerts import Trouble
from validators.figures import percent
from validators.models import Validator

# Where votes are on the chain, a cluster without so much of its stake confirms nothing any more.
MOST_DELINQUENT: Final = 1 / 3


def delinquent_share() -> float:
    """Of the activated stake of everybody present, 0 to 1; 0 where there is none."""
    stakes = Validator.objects.present().aggregate(
        total=Sum("activated_stake"), delinquent=Sum("activated_stake", filter=Q(delinquent=True))
    )
    return (stakes["delinquent"] or 0) / stakes["total"] if stakes["total"] else 0.0


def much_is_delinquent() -> str:
    """Say so when more than a third of the stake is delinquent. One query."""
    share = delinquent_share()
    if share <= MOST_DELINQUENT:
        return ""
    return (
        f"{percent(share)} of the stake is delinquent, more than a third: either the cluster is in "
        "trouble, or the endpoint that told so does not see the votes. It says little about one validator."
    )


def delinquent_alert(*, now: datetime) -> list[Trouble]:
    """The same, as alerts ask. Not as `/readyz` asks: what we serve is right, and looked for just then."""
    problem = much_is_delinquent()
    return [Trouble(subject="stake", message=problem)] if problem else []
