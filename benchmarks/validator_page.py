"""How long the queries behind a validator's page take with millions of epoch rows.

    python -m benchmarks.validator_page [--validators 5000] [--epochs 400] [--database postgresql] [--json]

The tables are filled epoch by epoch, as fetches would, so that one validator's rows lie far
apart. Each look is at another validator: the first of it ("first look"), and the same again
("second look"). Beside them stands the floor measured in the same run: one row by its primary
key, through the same ORM. PostgreSQL is started for the purpose unless DATABASE_URL names one,
which must be empty and is filled.
"""

import argparse
import json
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from statistics import median, quantiles
from typing import Any

import django

from benchmarks.fetch_and_score import DATABASES, database_url

LOOKS = 200
CHANGES = 20
SCORING_RUNS = 40
METHOD = "baseline-v1"
SOL = 1_000_000_000
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--validators", type=int, default=5_000)
    parser.add_argument("--epochs", type=int, default=400)
    parser.add_argument("--database", choices=DATABASES, default="postgresql")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of a table")
    options = parser.parse_args()
    with database_url(options.database) as url, tempfile.TemporaryDirectory() as state:
        os.environ |= {
            "DATABASE_URL": url,
            "STATE_DIR": state,
            "DJANGO_SETTINGS_MODULE": "staking_project.settings",
        }
        django.setup()
        from django.core.management import call_command
        from django.db import connection

        call_command("migrate", verbosity=0)
        began = time.perf_counter()
        fill(options.validators, options.epochs)
        result = {"fill_seconds": time.perf_counter() - began} | measured()
        connection.close()
    print(json.dumps(result, indent=1) if options.json else "\n".join(table(result)))


def fill(validators: int, epochs: int) -> None:
    """Validators with epochs, commission changes and scores."""
    from django.db import connection, transaction

    from validators import bulk
    from validators.models import CommissionChange, ScoringRun, TrustScore, Validator, ValidatorEpoch

    with transaction.atomic():
        bulk.insert_rows(
            Validator,
            fields=("vote_account", "identity"),
            rows=[(f"vote{number}", f"node{number}") for number in range(validators)],
            constants={
                "activated_stake": 1_000 * SOL,
                "delinquent": False,
                "epoch_vote_account": True,
                "last_vote": 400_000_000,
                "first_seen_at": NOON,
                "last_seen_at": NOON,
            },
        )
    keys = list(Validator.objects.order_by("pk").values_list("pk", flat=True))
    for epoch in range(600, 600 + epochs):
        with transaction.atomic():
            bulk.insert_rows(
                ValidatorEpoch,
                fields=EPOCH_FIELDS,
                rows=[(key, epoch, 6_900_000 - key % 997, *REST) for key in keys],
                constants={"fetched_at": NOON + timedelta(days=2 * epoch)},
            )
    for number in range(CHANGES):
        with transaction.atomic():
            bulk.insert_rows(
                CommissionChange,
                fields=("validator_id",),
                rows=[(key,) for key in keys],
                constants={
                    "epoch": 600 + number,
                    "from_bps": 500,
                    "to_bps": 700,
                    "seen_at": NOON + timedelta(days=number),
                },
            )
    for _ in range(SCORING_RUNS):
        run = scoring_run(ScoringRun)
        with transaction.atomic():
            bulk.insert_rows(
                TrustScore,
                fields=("validator_id", "score", "rank", "components"),
                rows=[(key, 90.0, rank, "{}") for rank, key in enumerate(keys, start=1)],
                constants={"run_id": run.pk},
            )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


EPOCH_FIELDS = (
    *("validator_id", "epoch", "credits", "credits_unit", "cumulative_credits_at_start"),
    *("commission_first_bps", "commission_last_bps", "commission_min_bps", "commission_max_bps"),
    *("commission_source", "activated_stake", "identity", "version", "client"),
    *("fetches", "delinquent_fetches", "leader_slots", "blocks_produced", "skip_rate", "estimated_return"),
)
REST = (
    *("vote_credits", 1_000_000_000, 500, 500, 500, 500, "vote_account", 1_000 * SOL),
    *("CfBLbqcG9YUzFkpx7ZJnGHGBnJWT9bD6YRvWAtpfPeVZ", "4.2.1", "agave", 40, 0, 1_234, 1_230, 0.003, 0.0003),
)


def scoring_run(model: Any) -> Any:
    return model.objects.create(
        method=METHOD, version="1", epoch=990, status="completed", started_at=NOON, finished_at=NOON
    )


def measured() -> dict[str, Any]:
    """Milliseconds of LOOKS looks at as many validators."""
    from validators.histories import validator_history
    from validators.models import Validator, ValidatorEpoch

    def page(vote_account: str) -> None:
        validator = Validator.objects.get(vote_account=vote_account)
        history = validator_history(validator, method=METHOD)
        assert history.epochs
        assert history.scores

    def one_row(key: int) -> None:
        ValidatorEpoch.objects.get(pk=key)

    chance = random.Random(7)
    accounts = chance.sample(list(Validator.objects.values_list("vote_account", flat=True)), LOOKS)
    rows = ValidatorEpoch.objects.count()
    first_key = ValidatorEpoch.objects.order_by("pk").values_list("pk", flat=True)[0]
    page(accounts.pop())
    floor = list(timed(one_row, [first_key + chance.randrange(rows) for _ in range(LOOKS)]))
    first, second = list(timed(page, accounts)), list(timed(page, accounts))
    return {
        "epoch_rows": rows,
        "first_look": summary(first),
        "second_look": summary(second),
        "row_by_key": summary(floor),
        "ratio": median(second) / median(floor),
    }


def timed(look: Callable[[Any], None], subjects: list[Any]) -> Iterator[float]:
    for subject in subjects:
        began = time.perf_counter()
        look(subject)
        yield (time.perf_counter() - began) * 1000


def summary(milliseconds: list[float]) -> dict[str, float]:
    return {
        "median": median(milliseconds),
        "p95": quantiles(milliseconds, n=20)[-1],
        "max": max(milliseconds),
    }


def table(result: dict[str, Any]) -> Iterator[str]:
    yield f"{result['epoch_rows']:,} epoch rows, filled in {result['fill_seconds']:.0f} s"
    yield "milliseconds   median     p95     max"
    for name in ("first_look", "second_look", "row_by_key"):
        numbers = result[name]
        yield (
            f"{name.replace('_', ' '):<12} {numbers['median']:>8.2f} {numbers['p95']:>7.2f} "
            f"{numbers['max']:>7.2f}"
        )
    yield f"a page costs {result['ratio']:.1f} times one row by its key"


if __name__ == "__main__":
    main()
