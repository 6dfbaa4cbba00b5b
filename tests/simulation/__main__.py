"""`python -m tests.simulation --seeds 1000`: tries seeds; what fails is shrunk and told. Exit code 1 then.

`--seed N` runs one and tells all of it; `--mutants` takes each safeguard away and counts the seeds until a
rule breaks.
"""

import argparse
import os
import sys
import time

import django


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--whole", action="store_true", help="tell every step, and do not shrink")
    parser.add_argument("--quick", action="store_true", help="stop at the first failure, and do not shrink")
    parser.add_argument("--mutants", default=None, nargs="?", const="", help="those whose name has this")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "staking_project.settings")
    django.setup()
    if options.mutants is not None:
        from tests.simulation.mutants import hunted

        return hunted(options.mutants, seeds=options.seeds)
    seeds = range(options.first, options.first + options.seeds)
    if options.seed is not None:
        seeds = range(options.seed, options.seed + 1)
    return tried(seeds, whole=options.whole, quick=options.quick)


def tried(seeds: range, *, whole: bool, quick: bool) -> int:
    from tests.simulation.shrinking import Shrinking
    from tests.simulation.simulation import found, plan_of
    from tests.simulation.stories import story

    began, steps, seconds, broken = time.process_time(), 0, 0.0, 0
    for seed in seeds:
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
    spent = time.process_time() - began
    say(f"{len(seeds)} seeds, {steps:,} steps, {seconds / 3600:.1f} simulated hours; {broken} break a rule")
    say(f"{spent:.0f} s of CPU, {seconds / max(spent, 0.001):,.0f} simulated seconds for each")
    return 1 if broken else 0


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
