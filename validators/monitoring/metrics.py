"""The cluster and what we made of it, for Prometheus."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from django.db.models import Count, Q, Sum
from prometheus_client.core import CounterMetricFamily, GaugeHistogramMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from scheduling.clock import database_now
from validators.models import (
    ChainState,
    ClusterEpoch,
    Fetch,
    RequestTally,
    ScoringRun,
    Validator,
)
from validators.models.by_bytes import ByBytes
from validators.monitoring.admission import counts
from validators.monitoring.endpoints import configured_endpoints, known_names
from validators.solana.arithmetic import LAMPORTS_PER_SOL
from validators.solana.endpoint_names import public_tally_name, publicly

SCORE_BOUNDS: Final = (10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99, 100)
_PRESENT: Final = Q(left_at=None)
# Each validator is in exactly one of these.
STATES: Final = {
    "voting": _PRESENT & Q(delinquent=False, activated_stake__gt=0),
    "delinquent": _PRESENT & Q(delinquent=True, activated_stake__gt=0),
    "unstaked": _PRESENT & Q(activated_stake=0),
    "left": ~_PRESENT,
}


def validator_metrics() -> Iterator[Metric]:
    """Age of the data, validators by state and admission, scores, slot time, requests; nine queries,
    and one more where no setting tells of an endpoint.

    What is not known yet is absent.
    """
    yield from _validators()
    yield _requests()
    yield from _endpoints()
    fetch = Fetch.objects.newest()
    yield _admissions(fetch)
    yield from _slot_times(fetch)
    if fetch is not None:
        age = (database_now() - fetch.stored_at).total_seconds()
        yield GaugeMetricFamily("staking_data_age_seconds", "Age of the newest fetch.", value=max(age, 0.0))
        yield GaugeMetricFamily("staking_epoch", "Epoch of the newest fetch.", value=fetch.epoch)
    run = ScoringRun.objects.completed().newest()
    if run is not None:
        age = (database_now() - run.finished_at).total_seconds()
        yield GaugeMetricFamily("staking_score_age_seconds", "Age of the newest scores.", value=max(age, 0.0))
        yield _scores(run)


def _validators() -> Iterator[Metric]:
    counts = {f"{state}_count": Count("pk", filter=condition) for state, condition in STATES.items()}
    stakes = {
        f"{state}_stake": Sum("activated_stake", filter=condition) for state, condition in STATES.items()
    }
    found: dict[str, Any] = Validator.objects.aggregate(**counts, **stakes)
    validators = GaugeMetricFamily(
        "staking_validators", "Vote accounts: voting, delinquent, unstaked, left.", labels=["state"]
    )
    # Before the first fetch nobody knows that there are none.
    is_known = any(found[f"{state}_count"] for state in STATES)
    for state in STATES if is_known else ():
        validators.add_metric([state], found[f"{state}_count"])
    yield validators
    stake = GaugeMetricFamily(
        "staking_stake_sol", "Activated stake in SOL: voting, delinquent.", labels=["state"]
    )
    for state in ("voting", "delinquent") if is_known else ():
        stake.add_metric([state], (found[f"{state}_stake"] or 0) / LAMPORTS_PER_SOL)
    yield stake


def _admissions(fetch: Fetch | None) -> Metric:
    """Of the set of the epoch after the next, of validators with stake whose accounts were read."""
    admissions = GaugeMetricFamily(
        "staking_admission_validators",
        "Validators with stake by whether they get into the epoch after the next: ok, out, unknown; without "
        "those whose accounts were never read.",
        labels=["status"],
    )
    for status, validators in counts(fetch.epoch if fetch else 0).items():
        admissions.add_metric([status], validators)
    return admissions


def _slot_times(fetch: Fetch | None) -> Iterator[Metric]:
    """Absent until the chain was asked: nominal by its features, and as slots passed in this epoch."""
    chain = ChainState.objects.first()
    # A source that is asked before the votes may have begun the next epoch already.
    running = ClusterEpoch.objects.filter(epoch=fetch.epoch).first() if fetch else None
    if running is not None and running.slot_ms is not None:
        yield GaugeMetricFamily(
            "staking_slot_seconds",
            "Length of a slot by the chain's features; absent until told.",
            value=running.slot_ms / 1_000,
        )
    if chain is not None and chain.measured_slot_ms is not None:
        measured = chain.measured_slot_ms / 1_000
        yield GaugeMetricFamily(
            "staking_slot_measured_seconds",
            "Length of a slot as they pass in this epoch; absent until measured.",
            value=measured,
        )


def _requests() -> Metric:
    requests = CounterMetricFamily(
        "staking_rpc_requests",
        "JSON-RPC requests by the endpoint's name, else its number in SOLANA_RPC_URL; outcomes: ok, "
        "no_connection, timeout, http_error, forbidden, throttled, rpc_error, behind, not_offered, "
        "malformed.",
        labels=["endpoint", "method", "outcome"],
    )
    tallies = list(RequestTally.objects.order_by(*map(ByBytes, ("endpoint", "method", "outcome"))))
    names = known_names() if tallies else {}
    counted: Counter[tuple[str, str, str]] = Counter()
    for tally in tallies:
        endpoint = public_tally_name(tally.endpoint, names)
        counted[endpoint, tally.method, tally.outcome] += tally.requests
    for labels, total in counted.items():
        requests.add_metric(labels, total)
    return requests


def _endpoints() -> Iterator[Metric]:
    """Absent until one was asked."""
    states = list(configured_endpoints().order_by(ByBytes("name")))
    if not states:
        return
    names = known_names()
    failures = GaugeMetricFamily(
        "staking_endpoint_failures", "Failures of an endpoint in a row.", labels=["endpoint"]
    )
    behind = GaugeMetricFamily(
        "staking_endpoint_slots_behind", "Slots behind the last good look.", labels=["endpoint"]
    )
    slot = GaugeMetricFamily(
        "staking_endpoint_slot", "Slot of its last plausible look at the votes.", labels=["endpoint"]
    )
    for state in states:
        name = publicly(state.name, names)
        failures.add_metric([name], state.failures)
        if state.slots_behind is not None:
            behind.add_metric([name], state.slots_behind)
        if state.plausible_slot is not None:
            slot.add_metric([name], state.plausible_slot)
    yield from (failures, behind, slot)


def _scores(run: ScoringRun) -> Metric:
    reached = {f"up_to_{bound}": Count("pk", filter=Q(score__lte=bound)) for bound in SCORE_BOUNDS}
    found: dict[str, Any] = run.scores.aggregate(total=Sum("score"), rows=Count("pk"), **reached)
    scores = GaugeHistogramMetricFamily("staking_score", "Trust scores of the newest run, 0 to 100.")
    buckets = [(str(bound), found[f"up_to_{bound}"]) for bound in SCORE_BOUNDS]
    scores.add_metric([], [*buckets, ("+Inf", found["rows"])], found["total"] or 0.0)
    return scores
