"""`python -m tests.proof`: explores the larger configurations, then every safeguard's absence.

With words of a safeguard's name it tells the story of what happens without it. Exit code 1 when a rule is
broken in the intact model, or none without a safeguard; 2 when no safeguard is called so.
"""

import sys
import time

from tests.proof.configurations import LARGE, SHOWN, without
from tests.proof.exploring import explored
from tests.proof.stories import story


def main(words: str) -> int:
    wrong = 0
    if not any(words in safeguard for safeguard in SHOWN):
        say("\n".join((f'No safeguard has "{words}" in its name. There are:', *SHOWN)))
        return 2
    for name, made in () if words else LARGE.items():
        began = time.monotonic()
        found = explored(made)
        say(f"{name}: {found.states:,} states, {found.steps:,} steps ({time.monotonic() - began:.0f} s)")
        if found.rule:
            wrong += 1
            say(story(found.way, rule=found.rule, made=made))
    for safeguard in SHOWN:
        if words not in safeguard:
            continue
        made = without(safeguard)
        found = explored(made)
        wrong += not found.rule
        broken = f"[{found.rule}] broken after {len(found.way)} steps" if found.rule else "NOTHING IS BROKEN"
        say(f'without "{safeguard}": {broken}')
        if words and found.rule:
            say(story(found.way, rule=found.rule, made=made))
    return 1 if wrong else 0


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(" ".join(sys.argv[1:])))
