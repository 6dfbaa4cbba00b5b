"""`manage.py` with a simulated cluster of few: as many as `SIMULATED_VALIDATORS` says, or the fewest."""

import os
import sys

import django
from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "staking_project.settings")
    django.setup()

    from staking_project import trial
    from validators.simulator.temperaments import SMALLEST_CLUSTER_WITH_RARE_ONES

    few = os.environ.get("SIMULATED_VALIDATORS", SMALLEST_CLUSTER_WITH_RARE_ONES)
    trial.VALIDATORS = int(few)  # type: ignore[misc]
    execute_from_command_line(sys.argv)
