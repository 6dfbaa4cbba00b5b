"""Looks that show a commission, for the tests of what is made of its changes."""

from tests.validators import replies
from tests.validators.endpoints import CannedEndpoint
from tests.validators.replies import EPOCH, epoch_credits
from validators import tasks
from validators.models import Validator


def look(endpoint: CannedEndpoint, *bps: int, epoch: int = EPOCH) -> None:
    """One fetch that shows the accounts with these commissions."""
    tuples = epoch_credits(5, 5, 5, last=epoch)
    endpoint.epoch_infos = [replies.epoch_info(epoch)]
    endpoint.current = [
        replies.account(number, inflationRewardsCommissionBps=one, epochCredits=tuples)
        for number, one in enumerate(bps)
    ]
    tasks.fetch_validators()


def looks(endpoint: CannedEndpoint, *commissions: int | tuple[int, int]) -> None:
    """One fetch for each commission of the first account, in EPOCH or in that of the pair."""
    for one in commissions:
        epoch, bps = one if isinstance(one, tuple) else (EPOCH, one)
        look(endpoint, bps, 500, epoch=epoch)


def first() -> Validator:
    return Validator.objects.get(vote_account=replies.key("vote 0"))
