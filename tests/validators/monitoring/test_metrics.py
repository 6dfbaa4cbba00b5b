"""The cluster's numbers in `/metrics`."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from prometheus_client.metrics_core import Metric
from pytest_django import DjangoAssertNumQueries

from tests.validators.rows import NOON, SOL, fetch, scoring_run, validator, vote_state
from validators.models import ChainState, ClusterEpoch
from validators.monitoring.metrics import validator_metrics

pytestmark = pytest.mark.django_db


def samples(metrics: Iterator[Metric]) -> dict[str, float]:
    return {
        " ".join([sample.name, *sample.labels.values()]): sample.value
        for metric in metrics
        for sample in metric.samples
    }


def test_each_validator_is_counted_in_one_state_with_its_stake() -> None:
    validator(3)
    validator(5, delinquent=True)
    validator(0)
    validator(7, activated_stake=0, delinquent=True)
    validator(11, left_at=NOON)

    found = samples(validator_metrics())

    assert found == {
        "staking_validators voting": 1,
        "staking_validators delinquent": 1,
        "staking_validators unstaked": 2,
        "staking_validators left": 1,
        "staking_stake_sol voting": 3,
        "staking_stake_sol delinquent": 5,
        # Nobody's account was read.
        "staking_admission_validators ok": 0,
        "staking_admission_validators out": 0,
        "staking_admission_validators unknown": 0,
    }
    assert SOL == 10**9


def test_before_anybody_was_fetched_no_validator_and_no_stake_is_counted() -> None:
    found = samples(validator_metrics())

    assert [name for name in found if name.startswith(("staking_validators", "staking_stake_sol"))] == []


def test_the_age_of_the_data_and_the_distribution_of_the_newest_scores_are_shown() -> None:
    fetch(stored_at=timezone.now() - timedelta(seconds=30))
    first, second, third = (validator(number) for number in (1, 2, 3))
    scoring_run([(first, 5.0)])
    scoring_run([(first, 100.0), (second, 98.5), (third, 40.0)], at=timezone.now() - timedelta(seconds=12))

    found = samples(validator_metrics())

    assert 30 <= found["staking_data_age_seconds"] < 60
    assert 12 <= found["staking_score_age_seconds"] < 42
    assert found["staking_epoch"] == 990
    reached = {
        bound: found[f"staking_score_bucket {bound}"] for bound in ("10", "40", "95", "99", "100", "+Inf")
    }
    assert reached == {"10": 0, "40": 1, "95": 1, "99": 2, "100": 3, "+Inf": 3}
    assert (found["staking_score_gcount"], found["staking_score_gsum"]) == (3, 238.5)


def test_admissions_are_counted_of_who_is_present_with_stake() -> None:
    for number, verdict in enumerate(("ok", "ok", "out", "unknown"), start=1):
        vote_state(validator(number), next_epoch="ok", after_next=verdict)
    vote_state(validator(5, activated_stake=0), after_next="out")
    vote_state(validator(6, left_at=NOON), after_next="out")

    found = samples(validator_metrics())

    assert [found[f"staking_admission_validators {verdict}"] for verdict in ("ok", "out", "unknown")] == [
        2,
        1,
        1,
    ]


def test_an_account_that_was_read_before_the_running_epoch_is_counted_as_unknown() -> None:
    fetch(epoch=991)
    for number, epoch in enumerate((991, 990, 989), start=1):
        vote_state(validator(number), epoch=epoch, after_next="out")

    found = samples(validator_metrics())

    assert found["staking_admission_validators out"] == 1
    assert found["staking_admission_validators unknown"] == 2


def test_the_slot_time_is_of_the_running_epoch_and_absent_until_it_is_known() -> None:
    fetch(epoch=990)
    ClusterEpoch.objects.create(epoch=989, credits_unit="lamports", slot_ms=250)
    ClusterEpoch.objects.create(epoch=991, credits_unit="lamports", slot_ms=250)
    running = ClusterEpoch.objects.create(epoch=990, credits_unit="lamports")
    chain = ChainState.objects.create(looked_at=NOON)
    assert not {name for name in samples(validator_metrics()) if name.startswith("staking_slot")}

    running.slot_ms, chain.measured_slot_ms = 200, 203.5
    running.save()
    chain.save()

    found = samples(validator_metrics())
    assert (found["staking_slot_seconds"], found["staking_slot_measured_seconds"]) == (0.2, 0.2035)


def test_it_costs_nine_queries(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    fetch()
    scoring_run([(validator(number), 50.0) for number in range(1, 30)])

    with django_assert_num_queries(9):
        samples(validator_metrics())


def test_who_was_never_read_is_in_no_count_of_admissions_and_its_help_says_so() -> None:
    fetch(epoch=991)
    validator(1)

    [metric] = [one for one in validator_metrics() if one.name == "staking_admission_validators"]

    assert sum(sample.value for sample in metric.samples) == 0
    assert metric.documentation.endswith("without those whose accounts were never read.")
