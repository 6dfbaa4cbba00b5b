"""What a node may do to a true answer. Each is right in its form and wrong in what it says."""

from typing import Any

from tests.validators.nodes.chain import Chain
from tests.validators.nodes.node import Damage
from validators.simulator import draws
from validators.simulator.clock import Moment

VOTES = "getVoteAccounts"
EVERYTHING_PERCENT = 100


def missing(share: float) -> Damage:
    """That share of the accounts is left out: always the same ones."""

    def damage(chain: Chain, method: str, moment: Moment, result: Any) -> Any:
        if method != VOTES:
            return result
        return {
            state: [one for one in accounts if draws.fraction(one["votePubkey"], "missing") >= share]
            for state, accounts in result.items()
        }

    return damage


def missing_stake(share: float) -> Damage:
    """The largest accounts are left out until that share of the stake is missing."""

    def damage(chain: Chain, method: str, moment: Moment, result: Any) -> Any:
        if method != VOTES:
            return result
        accounts = sorted(result["current"], key=lambda one: one["activatedStake"], reverse=True)
        left_out, wanted = 0.0, share * sum(one["activatedStake"] for one in accounts)
        while left_out < wanted:
            left_out += accounts.pop(0)["activatedStake"]
        return result | {"current": accounts}

    return damage


def without_delinquent(chain: Chain, method: str, moment: Moment, result: Any) -> Any:
    """Nor one of the others with stake: that one alone is missing is not enough to doubt an answer."""
    if method != VOTES:
        return result
    one = next(account for account in result["current"] if account["activatedStake"])
    return result | {"current": [other for other in result["current"] if other is not one], "delinquent": []}


def everything_kept_by(share: float) -> Damage:
    """That share of the accounts has a commission of 100 %: always the same ones."""

    def changed(account: dict[str, Any]) -> dict[str, Any]:
        if draws.fraction(account["votePubkey"], "odd") >= share:
            return account
        odd = {"commission": EVERYTHING_PERCENT, "inflationRewardsCommissionBps": EVERYTHING_PERCENT * 100}
        return account | odd

    def damage(chain: Chain, method: str, moment: Moment, result: Any) -> Any:
        if method != VOTES:
            return result
        return {state: list(map(changed, accounts)) for state, accounts in result.items()}

    return damage


def stake_of_the_epoch_before(chain: Chain, method: str, moment: Moment, result: Any) -> Any:
    if method != VOTES:
        return result
    before = chain.votes(Moment(moment.epoch - 1, moment.slot_index))
    stakes = {one["votePubkey"]: one["activatedStake"] for accounts in before.values() for one in accounts}
    return {
        state: [one | {"activatedStake": stakes.get(one["votePubkey"], 0)} for one in accounts]
        for state, accounts in result.items()
    }


def sharing_one_account(ours: Chain) -> Damage:
    """Of another cluster's accounts the first has the key of one of ours."""

    def damage(chain: Chain, method: str, moment: Moment, result: Any) -> Any:
        if method != VOTES:
            return result
        shared = ours.votes(ours.moment())["current"][0]["votePubkey"]
        first, *others = result["current"]
        return result | {"current": [first | {"votePubkey": shared}, *others]}

    return damage


def no_blocks(chain: Chain, method: str, moment: Moment, result: Any) -> Any:
    """Nobody led so far, whatever has passed of the epoch."""
    if method != "getBlockProduction":
        return result
    return result | {"value": result["value"] | {"byIdentity": {}}}
