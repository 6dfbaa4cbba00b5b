"""`python -m tests.faults.two_hosts`: two hosts share a PostgreSQL and a Redis, and one is cut off for 20 s.

The hosts are network namespaces, so what is cut is a real network: packets vanish, nobody is
told. Where namespaces cannot be made this says so and exits with 0.
"""

import re
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

from tests.faults.checker import RECOVERY, Evidence
from tests.faults.namespaces import SERVERS_ADDRESS, Hosts, NoNamespacesError, hosts
from tests.faults.site import PROJECT, Site, site
from tests.faults.storm import begun, ended
from tests.faults.witness import lines_of

# Seconds.
ENVIRONMENT_FILE = PROJECT / "docs" / "systemd" / "staking.env"
# As docs/operations.md promises it.
LEASE = 12.0
TOGETHER = 6.0
CUT_OFF = 20.0
TOGETHER_AGAIN = 15.0
# What the other host may need beyond the lease until everything is on time.
BEYOND_THE_LEASE = timedelta(seconds=3)
ON_TIME = timedelta(seconds=1)


def main() -> int:
    """Exit code 1 when a promise was broken, 0 also when nothing could be tried."""
    try:
        with hosts(["a", "b"]) as made:
            made.enter_servers()
            return _try(made)
    except NoNamespacesError as exc:
        sys.stdout.write(f"SKIPPED, NOTHING WAS TESTED: network namespaces cannot be made here: {exc}\n")
        return 0


def _try(made: Hosts) -> int:
    with site("postgresql", host=SERVERS_ADDRESS) as here:
        here.environment["DATABASE_URL"] += f"?{_documented_parameters()}"
        known_rules, watch = begun(here, {name: made.command_prefix(name) for name in made.by_name})
        here.pause(TOGETHER)
        here.wait_until(lambda: _is_busy(here, "a"), seconds=30, saying="a slow task on host a")
        made.pull_cable("a")
        cut_at = datetime.now(UTC)
        here.pause(CUT_OFF)
        made.plug_cable("a")
        back_at = datetime.now(UTC)
        evidence, broken = ended(here, known_rules, watch, calm=TOGETHER_AGAIN - RECOVERY.total_seconds())
        broken += _not_carried_on(evidence, cut_at=cut_at, back_at=back_at)
        if not _ran_on(evidence, "a", since=back_at):
            broken.append("the host that was cut off never ran anything again")
        _report(evidence, cut_at=cut_at, back_at=back_at, broken=broken)
        if broken:
            sys.stderr.write(here.logs())
        return 1 if broken else 0


def _documented_parameters() -> str:
    """How the guide to operations has PostgreSQL's connections notice that the other end is gone."""
    (url,) = re.findall("^DATABASE_URL=(.*)$", ENVIRONMENT_FILE.read_text(), re.MULTILINE)
    return str(url.partition("?")[2])


def _is_busy(here: Site, host: str) -> bool:
    """Whether a host has begun a slow task and is in the middle of it."""
    last = {line["process"]: line for line in lines_of(here.effect_log)}
    return any(
        process.startswith(f"{host}/")
        and line["what"] == "began"
        and line["job"] == "slow-repeatable"
        and time.monotonic() - line["at"] < 1.5
        for process, line in last.items()
    )


def _not_carried_on(evidence: Evidence, *, cut_at: datetime, back_at: datetime) -> list[str]:
    """What was not on time on the other host, from a lease after the cut on."""
    since = cut_at + timedelta(seconds=LEASE) + BEYOND_THE_LEASE
    began = {(effect.job, effect.occurrence): effect for effect in evidence.effects if effect.what == "began"}
    found = []
    for record in evidence.records:
        if not since <= record.occurrence <= back_at:
            continue
        effect = began.get((record.job, record.occurrence))
        if effect is None or effect.clock - record.occurrence > ON_TIME:
            found.append(
                f"{record.job} {record.occurrence:%H:%M:%S}: not on time while the other host was cut off"
            )
    return found


def _ran_on(evidence: Evidence, host: str, *, since: datetime) -> int:
    return sum(
        effect.what == "began" and effect.process.startswith(f"{host}/") and effect.clock > since
        for effect in evidence.effects
    )


def _report(evidence: Evidence, *, cut_at: datetime, back_at: datetime, broken: list[str]) -> None:
    ended = Counter(record.state for record in evidence.records)
    states = ", ".join(f"{count} {state}" for state, count in sorted(ended.items()))
    missed = sum(record.missed_before for record in evidence.records)
    surrendered = [
        (effect.clock - cut_at).total_seconds()
        for effect in evidence.effects
        if effect.what == "died" and cut_at < effect.clock < back_at
    ]
    lines = [
        f"Host a was cut off for {(back_at - cut_at).total_seconds():.1f} s.",
        f"  {ended.total()} occurrences recorded ({states}), {missed} more counted as missed.",
        f"  Meanwhile host b began {_ran_on(evidence, 'b', since=cut_at)} runs; "
        f"a began {_ran_on(evidence, 'a', since=back_at)} after it was back.",
        f"  Workers that gave up their run, seconds after the cut: {[round(s, 1) for s in surrendered]}.",
        f"  Broken promises: {len(broken)}",
        *(f"  - {line}" for line in broken),
    ]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main())
