"""What the schedules call. Each may run twice or die half-way; the services are safe to repeat."""

from typing import Any

from django.utils import timezone

from validators.services.chain import fetch_chain
from validators.services.fetching import fetch_from_cluster
from validators.services.history.from_chain import import_newest_history
from validators.services.inflation import fetch_inflation as store_inflation
from validators.services.mev import fetch_mev as store_mev
from validators.services.names import fetch_names as store_names
from validators.services.nodes import fetch_nodes as store_nodes
from validators.services.production import fetch_production as store_production
from validators.services.scores.refitting import refit_newest_history
from validators.services.scores.running import score_newest_fetch
from validators.services.stake_accounts import fetch_stakes as store_stakes
from validators.services.stake_pools import fetch_pool_search as store_pool_search
from validators.services.stake_pools import fetch_pools as store_pools
from validators.services.verdicts.running import judge_newest_fetch
from validators.services.vote_states import fetch_vote_states as store_vote_states


def fetch_validators() -> dict[str, Any]:
    """Fetch the cluster's vote accounts and store them. Raises a ValidatorsError, and then stored nothing."""
    return fetch_from_cluster()


def fetch_production() -> dict[str, Any]:
    """Fetch who makes blocks. Raises a ValidatorsError, or SkipRun while the method is not offered."""
    return store_production()


def fetch_nodes() -> dict[str, Any]:
    """Fetch what the nodes run. Raises a ValidatorsError, or SkipRun while the method is not offered."""
    return store_nodes()


def fetch_names() -> dict[str, Any]:
    """Fetch the validators' names. Raises a ValidatorsError, or SkipRun while the method is not offered."""
    return store_names()


def fetch_inflation() -> dict[str, Any]:
    """Fetch inflation and supply. Raises a ValidatorsError, or SkipRun when they are known or not offered."""
    return store_inflation()


def fetch_cluster() -> dict[str, Any]:
    """Fetch what the chain says of itself. Raises a ValidatorsError, or SkipRun while nobody offers it."""
    return fetch_chain()


def fetch_vote_states() -> dict[str, Any]:
    """Fetch the raw vote accounts. Raises a ValidatorsError, or SkipRun while the method is not offered."""
    return store_vote_states()


def fetch_mev() -> dict[str, Any]:
    """Fetch tips and priority fees. Raises a ValidatorsError, or SkipRun while the method is not offered."""
    return store_mev()


def fetch_pools() -> dict[str, Any]:
    """Fetch who stakes by pools. Raises a ValidatorsError, or SkipRun while the method is not offered."""
    return store_pools()


def fetch_pool_search() -> dict[str, Any]:
    """Fetch which pools there are. Raises a ValidatorsError, or SkipRun while the method is not offered."""
    return store_pool_search()


def fetch_stakes() -> dict[str, Any]:
    """Fetch stake accounts of some validators. Raises a ValidatorsError, or SkipRun where nobody tells."""
    return store_stakes()


def import_history() -> dict[str, Any]:
    """Read the chain's history. Raises a ValidatorsError, or SkipRun before the first fetch; what came before
    is stored."""
    return import_newest_history()


def score_validators() -> dict[str, Any]:
    """Score what the newest fetch left. Raises SkipRun when nothing is there to be scored."""
    return score_newest_fetch()


def judge_by_rules() -> dict[str, Any]:
    """Judge everybody by the rule sets. Raises SkipRun before the first fetch."""
    return judge_newest_fetch()


def refit_scores() -> dict[str, Any]:
    """Fit trust-v3 to this installation's history. Raises SkipRun while that is too short."""
    return refit_newest_history(now=timezone.now())
