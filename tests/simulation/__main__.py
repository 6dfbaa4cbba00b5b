"""`python -m tests.simulation --seeds 1000` tries seeds, shrinks and tells the first that fails. Exit code 1.

`--seed N --whole` tells every step of one; `--without "the fencing of a heartbeat"` takes a safeguard away,
`--mutants` each of them in turn, and says which seed noticed.
"""

import argparse
import gc
import os
import sys
import time
from contextlib import nullcontext

import django

from tests.simulation.hunting import hunted, take_away


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--every", type=int, default=1, help="each so many-th seed, as of one theme")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--whole", action="store_true", help="tell every step, and do not shrink")
    parser.add_argument("--quick", action="store_true", help="stop at the first failure, and do not shrink")
    parser.add_argument("--all", action="store_true", help="go on after the first seed that fails")
    parser.add_argument("--postgres", action="store_true", help="on PostgreSQL, with its row locks")
    parser.add_argument("--without", help="the name of a safeguard that is taken away from the code")
    parser.add_argument("--mutants", default=None, nargs="?", const="", help="those whose name has this")
    options = parser.parse_args()
    if options.mutants is not None:
        more = ["--first", f"{options.first}", "--every", f"{options.every}"]
        more += ["--postgres"] * options.postgres
        return hunted(options.mutants, seeds=options.seeds, more=more)
    if options.without:
        take_away(options.without)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "staking_project.settings")
    django.setup()
    seeds = range(options.first, options.first + options.seeds * options.every, options.every)
    if options.seed is not None:
        seeds = range(options.seed, options.seed + 1)
    from tests.simulation.databases import on_postgres

    with on_postgres() if options.postgres else nullcontext():
        return tried(seeds, whole=options.whole, quick=options.quick, goes_on=options.all)


def tried(seeds: range, *, whole: bool, quick: bool, goes_on: bool) -> int:
    from tests.simulation.shrinking import Shrinking
    from tests.simulation.simulation import found, plan_of
    from tests.simulation.stories import story

    began, steps, seconds, broken, tries = time.process_time(), 0, 0.0, 0, 0
    gc.freeze()  # what Django is made of is not looked through again for each seed
    for seed in seeds:
        tries += 1
        result = found(plan_of(seed))
        steps, seconds = steps + result.steps, seconds + result.seconds
        if whole:
            say("\n".join(result.trace))
        if result.rule:
            broken += 1
            say(f"seed {seed}: {result.what}")
            if quick:
                return 1
            if not whole:
                say(story(Shrinking(result).shrunk()))
            if not goes_on:
                break
    spent = time.process_time() - began
    say(f"{tries} seeds, {steps:,} steps, {seconds / 3600:.1f} simulated hours; {broken} break a rule")
    say(f"{spent:.0f} s of CPU, {seconds / max(spent, 0.001):,.0f} simulated seconds for each")
    return 1 if broken else 0


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
