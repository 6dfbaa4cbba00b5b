"""A short soak; `python -m tests.faults.soak` is the long one."""

import secrets
import sys
import time

import pytest

from tests.faults.soak_judgement import judged, report
from tests.faults.soaking import Soak

pytestmark = [pytest.mark.django_db, pytest.mark.database, pytest.mark.storm]

EPOCHS, VALIDATORS = 24, 40


def test_what_a_soak_leaves_for_good_is_the_chains_truth() -> None:
    began = time.monotonic()
    soak = Soak(secrets.randbelow(1_000_000), EPOCHS, VALIDATORS, thinned=6)

    soak.run()

    judgement = judged(soak)
    said = report(soak, judgement, time.monotonic() - began)
    sys.stdout.write(f"{said}\n")
    assert judgement.complaints == [], said
