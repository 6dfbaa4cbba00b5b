"""Conditions that a job may name; each says why a run should not happen, or nothing."""

from typing import Final

from scheduling.clock import database_now
from scheduling.conditions import Occasion
from validators.figures import percent
from validators.models import Fetch
from validators.monitoring.delinquency import delinquent_share
from validators.monitoring.readiness import stale_data

# With 40 % of the stake gone the cluster stops (a third where votes are on the chain); with a tenth gone its
# numbers say little about anybody.
MOST_DELINQUENT_STAKE: Final = 0.10


def new_epoch_only(occasion: Occasion) -> str:
    """Refuse until the cluster has entered another epoch than at the job's last success."""
    newest = Fetch.objects.order_by("-stored_at").first()
    if newest is None or occasion.last_success is None:
        return ""
    then = Fetch.objects.filter(stored_at__lte=occasion.last_success).order_by("-stored_at").first()
    return f"still epoch {newest.epoch}" if then is not None and then.epoch == newest.epoch else ""


def cluster_healthy(occasion: Occasion) -> str:
    """Refuse while more than a tenth of the stake is delinquent."""
    share = delinquent_share()
    return f"{percent(share, 0)} of the stake is delinquent" if share > MOST_DELINQUENT_STAKE else ""


def fresh_data(occasion: Occasion) -> str:
    """Refuse when the newest fetch is older than two intervals of the fetch job."""
    return stale_data(now=database_now())
