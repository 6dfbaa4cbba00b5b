"""`python -m tests.faults.storm`: two clusters in a storm of faults, and whether every promise was kept.

The faults follow from a seed, which is printed; their exact instants follow from the machine too.
"""

import argparse
import random
import secrets
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from tests.faults.checker import ON_TIME, RECOVERY, Evidence, Rule, complaints
from tests.faults.dripping import dripping_server
from tests.faults.outcome import Outcome
from tests.faults.raging import ALL_KINDS, FAULT_EVERY, Storm
from tests.faults.site import LOOK_EVERY, Site, site
from tests.faults.witness import DeathWatch, gather, rules, unlawful_steps

# What is open when nothing more becomes due has this long to end.
LAST_RUNS = 20.0
# The last occurrences before the end need not be recorded yet.
MARGIN = timedelta(seconds=1.5)
ON_THIS_HOST: Final[Mapping[str, tuple[str, ...]]] = {"a": (), "b": ()}

# A delivery that is dripped at is tried again for as long as anybody likes.
OPEN_RUNS = """SELECT count(*) FROM scheduling_run
    WHERE state IN ('pending', 'queued', 'running') AND trigger <> 'alert'"""
END_OF_SCHEDULES = "UPDATE django_q_schedule SET next_run = '2099-01-01 00:00:00'"


def weather(
    database: str,
    *,
    seconds: float,
    calm: float,
    seed: int,
    kinds: dict[str, int] | None = None,
    every: float = FAULT_EVERY,
    on_time: timedelta = ON_TIME,
) -> Outcome:
    """A storm of `seconds` on two clusters, then the time to recover and `calm` more seconds."""
    with dripping_server() as url, site(database) as here:
        here.environment |= {"DRIPPING_URL": url, "ALERT_WEBHOOK_URL": url, "ALERT_WEBHOOK_SECRET": "x" * 40}
        known_rules, watch = begun(here)
        storm = Storm(here, random.Random(seed), every)
        storm.rage(seconds, kinds=kinds or ALL_KINDS)
        evidence, found = ended(here, known_rules, watch, calm=calm, on_time=on_time)
        return Outcome(seed=seed, database=database, faults=storm.faults, evidence=evidence, complaints=found)


def begun(
    here: Site, prefixes: Mapping[str, tuple[str, ...]] = ON_THIS_HOST
) -> tuple[list[Rule], DeathWatch]:
    """Clusters at work, by name with what is put before their commands, and somebody who watches them."""
    here.manage("scheduler", "setup", "test")
    known_rules = rules(here)
    watch = DeathWatch(here.effect_log)
    watch.start()
    for name, prefix in prefixes.items():
        here.start_cluster(name, command_prefix=prefix)
    here.wait_until(here.effect_log.exists, seconds=20, saying="the first run")
    return known_rules, watch


def ended(
    here: Site, known_rules: list[Rule], watch: DeathWatch, *, calm: float, on_time: timedelta = ON_TIME
) -> tuple[Evidence, list[str]]:
    """After the last fault: time to recover, `calm` more seconds and the end of all; the broken promises."""
    calm_since = datetime.now(UTC)
    here.pause(RECOVERY.total_seconds() + calm)
    here.rows(END_OF_SCHEDULES)
    ends_at = datetime.now(UTC) - MARGIN
    wait_for_the_last_runs(here)
    stopped = [cluster.stop(LAST_RUNS) for cluster in here.clusters]
    watch.over.set()
    watch.join()
    evidence = gather(here, rules=known_rules, ends_at=ends_at, calm_since=calm_since, on_time=on_time)
    found = complaints(evidence) + unlawful_steps(here, evidence)
    found += ["a cluster did not stop when asked"] * stopped.count(False)
    if found:
        sys.stderr.write(here.logs())
    return evidence, found


def wait_for_the_last_runs(here: Site) -> None:
    ends_at = time.monotonic() + LAST_RUNS
    while here.rows(OPEN_RUNS) != [(0,)] and time.monotonic() < ends_at:
        here.pause(LOOK_EVERY)


def main() -> int:
    """Weather a storm on each database; exit code 1 when a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--calm", type=float, default=10)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--database", choices=["sqlite", "postgresql"], action="append")
    options = parser.parse_args()
    broken = 0
    for database in options.database or ["sqlite", "postgresql"]:
        sys.stdout.write(f"A storm of {options.seconds:.0f} s on {database}, seed {options.seed} …\n")
        sys.stdout.flush()
        outcome = weather(database, seconds=options.seconds, calm=options.calm, seed=options.seed)
        broken += len(outcome.complaints)
        sys.stdout.write("\n".join([str(outcome), *(f"  - {line}" for line in outcome.complaints), ""]))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
