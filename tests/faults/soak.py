"""`python -m tests.faults.soak`: 200 epochs behind one address of bad nodes, and whether the history is true.

    python -m tests.faults.soak [--epochs 200] [--validators 50] [--seed N] [--thinned 1]

Runs on DATABASE_URL, which must be empty, or on a SQLite database of its own.
"""

import argparse
import logging
import os
import secrets
import sys
import tempfile
import time


def main() -> int:
    """Exit code 1 when something stored is not the chain's truth."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--epochs", type=int, default=200)
    parser.add_argument("--validators", type=int, default=50)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--thinned", type=int, default=1, help="ask the hourly sources so much less often")
    options = parser.parse_args()
    sys.stdout.write(f"Soaking for {options.epochs} epochs, seed {options.seed} …\n")
    sys.stdout.flush()
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("DATABASE_URL", f"sqlite:///{folder}/soak.sqlite3")
        os.environ.setdefault("STATE_DIR", folder)
        return _soak(options)


def _soak(options: argparse.Namespace) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "staking_project.settings")
    import django

    django.setup()
    logging.disable(logging.WARNING)
    from django.core.management import call_command

    from tests.faults.soak_judgement import judged, report
    from tests.faults.soaking import Soak

    call_command("migrate", verbosity=0)
    began = time.monotonic()
    soak = Soak(options.seed, options.epochs, options.validators, thinned=options.thinned)
    soak.run()
    judgement = judged(soak)
    lines = [report(soak, judgement, time.monotonic() - began)]
    lines += [f"  {count} x {error}" for error, count in soak.errors.most_common(8)]
    lines += [f"  - {complaint}" for complaint in judgement.complaints[:40]]
    sys.stdout.write("\n".join([*lines, ""]))
    return 1 if judgement.complaints else 0


if __name__ == "__main__":
    sys.exit(main())
