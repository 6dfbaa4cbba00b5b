"""One case of `benchmarks.scoring`, in a process and a database of its own: Django knows one database."""

import json
import os
import random
import resource
import sys
import time
from datetime import UTC, datetime
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "staking_project.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402

from validators.models import (  # noqa: E402
    Fetch,
    ScoringInputs,
    ScoringRun,
    TrustScore,
    Validator,
    ValidatorEpoch,
)
from validators.services import bulk  # noqa: E402
from validators.services.scores.again import score_again  # noqa: E402
from validators.solana.pubkey import encode  # noqa: E402
from validators.tasks import score_validators  # noqa: E402

EPOCH = 990
MOMENT = datetime(2026, 11, 23, tzinfo=UTC)
MOST_CREDITS = 6_912_000
REPEATS = 3
VERSIONS = ("3.0.8", "3.0.10", "3.1.8", "0.1105.40200")


def fill(validators: int, epochs: int) -> None:
    """A fetch, and validators with that many epochs of history each; the same every time."""
    rng = random.Random(7)
    Fetch.objects.create(
        started_at=MOMENT,
        stored_at=MOMENT,
        endpoint="benchmark",
        epoch=EPOCH,
        absolute_slot=EPOCH * 432_000,
        slot_index=200_000,
        slots_in_epoch=432_000,
        validators_total=validators,
        staked_total=validators * 10**13,
    )
    Validator.objects.bulk_create([_validator(rng) for _ in range(validators)], batch_size=1_000)
    stakes = list(Validator.objects.values_list("pk", "activated_stake"))
    rows = [
        _epoch(rng, key, stake, epoch) for epoch in range(EPOCH - epochs, EPOCH + 1) for key, stake in stakes
    ]
    fields = (
        *(
            "validator_id",
            "epoch",
            "activated_stake",
            "credits",
            "commission_first_bps",
            "commission_last_bps",
        ),
        *("commission_min_bps", "commission_max_bps", "fetches", "delinquent_fetches", "leader_slots"),
        *("blocks_produced", "skip_rate", "version", "client", "identity", "commission_source", "source"),
        *("vote_performance", "delinquent_at_end"),
    )
    constants = {"credits_unit": "vote_credits", "fetched_at": MOMENT}
    bulk.insert_rows(ValidatorEpoch, fields=fields, rows=rows, constants=constants)


def _validator(rng: random.Random) -> Validator:
    return Validator(
        vote_account=encode(rng.randbytes(32)), identity=encode(rng.randbytes(32)),
        activated_stake=rng.randrange(10**12, 4 * 10**14),
        commission_bps=rng.choice((0, 500, 500, 1_000, 10_000)),
        delinquent=False, epoch_vote_account=True, last_vote=1, version=rng.choice(VERSIONS),
        first_seen_at=MOMENT, last_seen_at=MOMENT,
    )  # fmt: skip


def _epoch(rng: random.Random, key: int, stake: int, epoch: int) -> tuple[Any, ...]:
    share = rng.uniform(0.995, 1.0) if rng.random() > 0.02 else rng.uniform(0.2, 0.99)
    credits = int(MOST_CREDITS * share * (200 / 432 if epoch == EPOCH else 1))
    slots = rng.randrange(4, 2_000)
    missed = rng.randrange(3)
    return (
        *(key, epoch, stake + rng.randrange(10**9), credits, 500, 500, 500, 500, 24),
        *(
            int(rng.random() < 0.02),
            slots,
            slots - missed,
            missed / slots,
            "3.0.10",
            "agave",
            "",
            "vote_account",
            "live",
            # The mean of these shares is 0.989.
            share / 0.989,
            rng.random() < 0.005,
        ),
    )


def times() -> dict[str, float]:
    """The best seconds of a scoring by each set of methods and of a rescore, and the sizes of it all."""
    best: dict[str, float] = {}
    for name, methods in (
        ("all", ["trust-v3", "trust-v2", "baseline-v1"]),
        ("trust-v3", ["trust-v3"]),
        ("trust-v2", ["trust-v2"]),
        ("baseline-v1", ["baseline-v1"]),
    ):
        settings.SCORE_METHODS = methods
        for _ in range(REPEATS):
            empty()
            began = time.perf_counter()
            score_validators()
            best[name] = min(best.get(name, 1e9), time.perf_counter() - began)
        if name == "all":
            best["inputs_mib"] = len(bytes(ScoringInputs.objects.get().body)) / 2**20
            best["rescore"] = _rescored()
    best["memory_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return best


def _rescored() -> float:
    run = ScoringRun.objects.get(method="trust-v3")
    began = time.perf_counter()
    assert score_again(run.pk).equal
    return time.perf_counter() - began


def empty() -> None:
    for model in (TrustScore, ScoringRun, ScoringInputs):
        model._default_manager.all()._raw_delete(connection.alias)


if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    with transaction.atomic():
        fill(int(sys.argv[1]), int(sys.argv[2]))
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    print(json.dumps(times()))
