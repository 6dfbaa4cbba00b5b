"""What stake accounts say and add up to, and that whatever is not as laid out is refused."""

import base64
import json
from typing import Any

import pytest

from tests.conftest import RECORDED
from tests.validators import replies
from tests.validators.packed_stakes import NEVER, STAKE_PROGRAM, stake
from validators.exceptions import LayoutError
from validators.solana.arithmetic import LARGEST
from validators.solana.programs.stakes import Stake, Stakes, decoded_stake, summed

EPOCH, VOTER = replies.EPOCH, replies.key("voter")


def read(data: bytes, *, owner: str = STAKE_PROGRAM) -> Stake:
    return decoded_stake(owner=owner, data=data, latest_epoch=EPOCH)


def test_an_account_is_read_as_it_is_laid_out() -> None:
    assert read(stake(VOTER, 70, since=NEVER, until=EPOCH)[:180]) == Stake(
        withdrawer=replies.key("wallet"),
        voter=VOTER,
        lamports=70,
        activation_epoch=NEVER,
        deactivation_epoch=EPOCH,
    )


RECORDED_ACCOUNTS = {
    "picosol-validator-stake.json": 1_000_000_000_000,
}


@pytest.mark.parametrize("name", RECORDED_ACCOUNTS)
def test_a_recorded_account_is_read(name: str) -> None:
    path = RECORDED / "accounts" / name
    if not path.exists():
        pytest.skip(f"{path} is not here")
    account = json.loads(path.read_text())["account"]
    data = base64.b64decode(account["data"][0])

    found = read(data[:180], owner=account["owner"])

    assert (found.lamports, found.deactivation_epoch) == (RECORDED_ACCOUNTS[name], NEVER)
    assert found.activation_epoch < EPOCH


REFUSED: dict[str, Any] = {
    "owned by another": lambda: read(stake(VOTER)[:180], owner="another"),
    "200 bytes instead of 180": lambda: read(stake(VOTER)),
    "179 bytes instead of 180": lambda: read(stake(VOTER)[:179]),
    "kind 0 instead of 2": lambda: read(stake(VOTER, kind=0)[:180]),
    "stake 18446744073709551615 is more": lambda: read(stake(VOTER, 2**64 - 1)[:180]),
    f"activation epoch {EPOCH + 1} is more": lambda: read(stake(VOTER, since=EPOCH + 1)[:180]),
    f"deactivation epoch {NEVER - 1} is more": lambda: read(stake(VOTER, until=NEVER - 1)[:180]),
    "its stake is more than": lambda: summed(
        [read(stake(VOTER, LARGEST)[:180])] * 2, epoch=EPOCH, withdrawer=""
    ),
}


@pytest.mark.parametrize("said", REFUSED)
def test_whatever_is_not_as_laid_out_is_refused(said: str) -> None:
    with pytest.raises(LayoutError, match=said):
        REFUSED[said]()


def test_nothing_is_no_stake_and_whose_it_is_is_not_known_without_a_key() -> None:
    assert summed([], epoch=EPOCH, withdrawer="") == Stakes(0, 0, 0, 0, None)
    assert summed([], epoch=EPOCH, withdrawer=VOTER).own == 0
