"""A short soak; `python -m tests.faults.soak` is the long one."""

import sys
import time

import pytest

from tests.faults.soak_judgement import judged, report
from tests.faults.soaking import Soak

pytestmark = [pytest.mark.django_db, pytest.mark.database, pytest.mark.storm]

EPOCHS, VALIDATORS = 24, 40
# The same weather every time, so that a gate that fails, fails again; `make soak` draws another.
SEED = 101


def test_what_a_soak_leaves_for_good_is_the_chains_truth() -> None:
    began = time.monotonic()
    soak = Soak(SEED, EPOCHS, VALIDATORS, thinned=6)

    soak.run()

    judgement = judged(soak)
    said = report(soak, judgement, time.monotonic() - began)
    sys.stdout.write(f"{said}\n")
    assert judgement.complaints == [], said
