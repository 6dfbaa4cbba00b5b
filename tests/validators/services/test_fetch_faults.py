"""Processes that die or collide while they store."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from tests.installation import Installation
from tests.validators import replies
from tests.validators.endpoints import CannedEndpoint
from tests.validators.replies import EPOCH, FULL_EPOCH, epoch_credits

pytestmark = [pytest.mark.database, pytest.mark.processes]

# Kills itself when everything but the epoch rows is written, and not yet committed.
DIES_WHILE_STORING = """
import os, signal
import django
django.setup()
from validators.services import snapshots
snapshots.record_epochs = lambda *args, **kwargs: os.kill(os.getpid(), signal.SIGKILL)
from validators.tasks import fetch_validators
fetch_validators()
"""


def contents(stack: Installation) -> list[list[tuple[Any, ...]]]:
    """What is stored, but for keys and moments."""
    return [
        stack.rows(
            "SELECT vote_account, identity, activated_stake, commission_bps, delinquent, last_vote, left_at "
            "FROM validators_validator ORDER BY vote_account"
        ),
        stack.rows(
            "SELECT vote_account, epoch, credits, credits_unit, e.commission_last_bps, e.activated_stake "
            "FROM validators_validatorepoch e JOIN validators_validator v ON v.id = e.validator_id "
            "ORDER BY vote_account, epoch"
        ),
        stack.rows("SELECT epoch, from_bps, to_bps FROM validators_commissionchange ORDER BY id"),
    ]


def fetches(stack: Installation) -> int:
    return int(stack.rows("SELECT count(*) FROM validators_fetch")[0][0])


def test_a_process_killed_in_the_middle_of_storing_leaves_the_last_good_picture(
    stack: Installation, endpoint: CannedEndpoint
) -> None:
    stack.manage("fetch_validators", SOLANA_RPC_URL=endpoint.url)
    good = contents(stack)
    # The next epoch, in which stakes may be others; more than a few commissions at once would be doubted.
    endpoint.epoch_infos = [replies.epoch_info(EPOCH + 1)]
    changed = {"inflationRewardsCommissionBps": 900}
    later = replies.accounts(25, activatedStake=7, epochCredits=epoch_credits(FULL_EPOCH, 9, last=EPOCH + 1))
    endpoint.current = [account | (changed if n < 3 else {}) for n, account in enumerate(later)]

    died = subprocess.run(
        [sys.executable, "-c", DIES_WHILE_STORING],
        env=stack.environment | {"SOLANA_RPC_URL": endpoint.url},
        cwd=settings.BASE_DIR,
        timeout=60,
    )

    assert died.returncode == -9
    assert (contents(stack), fetches(stack)) == (good, 1)
    stack.manage("fetch_validators", SOLANA_RPC_URL=endpoint.url)
    after = contents(stack)
    assert ([row[2] for row in after[0]], len(after[2])) == ([7] * 25, 3)


def test_fetches_at_once_end_as_one_clean_fetch(stack: Installation, endpoint: CannedEndpoint) -> None:
    endpoint.current = replies.accounts(300)
    together = [["fetch_validators"]] * 4

    assert stack.at_once(*together, SOLANA_RPC_URL=endpoint.url) == [0] * 4, stack.logs()

    once = contents(stack)
    assert (len(once[0]), len(once[1]), once[2]) == (300, 1_500, [])
    stack.manage("fetch_validators", SOLANA_RPC_URL=endpoint.url)
    assert contents(stack) == once


def test_fetches_of_two_pictures_at_once_end_as_one_of_them(
    stack: Installation, endpoint: CannedEndpoint
) -> None:
    stack.manage("fetch_validators", SOLANA_RPC_URL=endpoint.url)
    endpoint.current = [
        *replies.accounts(17),
        *(replies.account(number, inflationRewardsCommissionBps=700) for number in (17, 18, 19)),
    ]

    together = [["fetch_validators"]] * 3

    assert stack.at_once(*together, SOLANA_RPC_URL=endpoint.url) == [0] * 3, stack.logs()
    assert len(contents(stack)[2]) == 3


def test_a_worker_without_a_database_says_so_and_stores_nothing(
    stack: Installation, endpoint: CannedEndpoint, tmp_path: Path
) -> None:
    elsewhere = f"sqlite:///{tmp_path}/no-such-folder/db.sqlite3"

    failed = stack.manage(
        "fetch_validators", check=False, SOLANA_RPC_URL=endpoint.url, DATABASE_URL=elsewhere
    )

    assert failed.returncode == 1
    assert fetches(stack) == 0
