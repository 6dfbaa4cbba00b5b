"""The simulated cluster that `run` brings when no endpoint is named, and the past that it comes with."""

import json
import subprocess
import tempfile
from collections.abc import Mapping
from datetime import UTC, timedelta
from io import StringIO
from pathlib import Path
from typing import Final

from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from staking_project import stack
from validators.models import Fetch, Validator
from validators.simulator.hosting import network_lines
from validators.simulator.world import MAINNET_TODAY

VALIDATORS: Final = 1_500
# An epoch of a day in an hour, so that somebody who tries it sees some end.
EPOCH_SECONDS: Final = 3_600
# Part of its epoch that has passed when it is first started: a minute before some go to 100 % commission
# and back, so that who tries it sees a commission change.
BEGUN: Final = 0.38
PAST_EPOCHS: Final = 24


def cluster_words() -> list[str]:
    """What `simulate_cluster` is started with: the same cluster each time, so its slots only go forward."""
    calendar = [f"--{name}={said}" for name, said in _calendar().items()]
    return [f"--validators={VALIDATORS}", f"--epoch-seconds={EPOCH_SECONDS}", *calendar]


def networks_file() -> Path:
    """A made-up database of the cluster's networks, written anew: who tries it sees networks as well."""
    path = Path(settings.STATE_DIR) / "simulated-networks.tsv"
    text = "".join(network_lines())
    # As long as it says the same it is not looked up again.
    if not path.exists() or path.read_text() != text:
        path.write_text(text)
    return path


def import_past(environment: Mapping[str, str]) -> bool:
    """Write the cluster's ended epochs to a file and import that, once; returns whether it did."""
    if Validator.objects.exists():
        return False
    with tempfile.TemporaryDirectory(dir=settings.STATE_DIR) as folder:
        path = Path(folder) / "past.csv"
        words = ["simulate_cluster", *cluster_words(), f"--history={path}", f"--epochs={PAST_EPOCHS}"]
        made = subprocess.run(
            stack.command(*words),
            cwd=settings.BASE_DIR,
            env=dict(environment),
            capture_output=True,
            text=True,
        )
        if made.returncode:
            raise stack.StackError(f"The past of the simulated cluster could not be made: {made.stderr}")
        # Standard output is for the JSON document of `run` alone.
        call_command("import_epochs", str(path), stdout=StringIO())
    return True


def _calendar() -> dict[str, str]:
    """When the cluster's first epoch began: kept beside the database, which has seen its slots.

    From the epoch on in which it is first started, nodes that restart install a patch release.
    A database that followed an older simulated cluster goes on from the epoch that it knows.
    """
    path = Path(settings.STATE_DIR) / "simulated-cluster.json"
    if path.exists():
        known: dict[str, str] = json.loads(path.read_text())
        return known
    newest = Fetch.objects.newest()
    ahead = max(0, newest.epoch + 1 - MAINNET_TODAY.first_epoch) if newest else 0
    origin = timezone.now() - timedelta(seconds=EPOCH_SECONDS * (ahead + BEGUN))
    calendar = {
        "origin": origin.astimezone(UTC).replace(microsecond=0).isoformat(),
        "patch-epoch": str(MAINNET_TODAY.first_epoch + ahead),
    }
    path.write_text(json.dumps(calendar))
    return calendar
