"""The ways in which an endpoint is bad, each by a name, and what has to be said of it."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from tests.validators.nodes import damages, node
from tests.validators.nodes.address import ManyNodes
from tests.validators.nodes.node import EVERYTHING, Damage, Refusal
from tests.validators.nodes.trial import Outcome, Trial
from validators.simulator.clock import SLOTS_PER_EPOCH

VOTE_METHODS = ("getVoteAccounts", "getEpochInfo", "getGenesisHash", "getSlot")


@dataclass(frozen=True, slots=True)
class Kind:
    """`spoils` makes the first endpoint of a trial bad. `cause` is a pattern of what is said of it.

    `part` is where in its epoch the trial stands when that happens, `hours` the time between looks.
    """

    spoils: Callable[[Trial], None]
    cause: str
    part: float = 0.5
    hours: float = 1.0


def _lags(slots: int) -> Callable[[Trial], None]:
    def spoil(trial: Trial) -> None:
        trial.bad.lag = slots

    return spoil


def _votes_lag(slots: int) -> Callable[[Trial], None]:
    def spoil(trial: Trial) -> None:
        trial.bad.lags["getVoteAccounts"] = slots

    return spoil


def _stands_still(trial: Trial) -> None:
    trial.bad.stand_still()


def _votes_stand_still(trial: Trial) -> None:
    trial.bad.stands["getVoteAccounts"] = trial.chain.moment()


def _damages(damage: Damage) -> Callable[[Trial], None]:
    def spoil(trial: Trial) -> None:
        trial.bad.damages.append(damage)

    return spoil


def _is_of_another_cluster(trial: Trial) -> None:
    trial.bad.chain = trial.other


def _shares_one_account(trial: Trial) -> None:
    _is_of_another_cluster(trial)
    trial.bad.damages.append(damages.sharing_one_account(trial.chain))


def _refuses(refusal: Refusal) -> Callable[[Trial], None]:
    def spoil(trial: Trial) -> None:
        trial.bad.refusals[EVERYTHING] = refusal

    return spoil


LATE = r"behind|slot|epoch"
STILL = r"moved|still|same|stands|behind|slot"
TORN = r"behind|slot|vote"
NOT_WHOLE = r"stake|shrank|missing|whole"
# Accounts that are not there tell as much.
FOREIGN = r"another cluster|genesis|records are invalid"

# What only a comparison with the last good look, or within one reply, can tell.
IMPLAUSIBLE = {
    "20,000 slots behind in the same epoch": Kind(_lags(20_000), LATE),
    "20,000 slots behind over a boundary": Kind(_lags(20_000), LATE, part=0.985),
    "an epoch behind": Kind(_lags(SLOTS_PER_EPOCH), LATE),
    "standing still": Kind(_stands_still, STILL),
    "standing still over a boundary": Kind(_stands_still, STILL, part=0.985),
    "votes far behind under a new epoch info": Kind(_votes_lag(300_000), TORN, part=0.995),
    "votes alone behind the last look": Kind(_votes_lag(20_000), TORN),
    "votes alone behind, but newer than the last look": Kind(_votes_lag(20_000), TORN, hours=6),
    "a cache of votes under a moving epoch info": Kind(_votes_stand_still, STILL, hours=1 / 6),
    "45 % of the stake missing": Kind(_damages(damages.missing_stake(0.45)), NOT_WHOLE),
    "a tenth of the accounts missing": Kind(_damages(damages.missing(0.1)), NOT_WHOLE),
    "two thirds of the accounts missing": Kind(_damages(damages.missing(0.67)), NOT_WHOLE),
    "no delinquent accounts": Kind(_damages(damages.without_delinquent), NOT_WHOLE),
    "stake of the epoch before": Kind(_damages(damages.stake_of_the_epoch_before), NOT_WHOLE),
    "another cluster": Kind(_is_of_another_cluster, FOREIGN),
    "another cluster that shares one account": Kind(_shares_one_account, FOREIGN),
}
# What says itself that it is no good.
REFUSING = {
    "403": Kind(_refuses(node.FORBIDDEN), r"HTTP 403"),
    "410": Kind(_refuses(node.GONE), r"HTTP 410"),
    "429": Kind(_refuses(node.THROTTLED), r"HTTP 429"),
    "500": Kind(_refuses(node.BROKEN), r"HTTP 500"),
    "429 inside a reply": Kind(_refuses(node.THROTTLED_INSIDE), r"429"),
    "-32429 inside a reply": Kind(_refuses(node.THROTTLED_INSIDE_TOO), r"-32429"),
    "-32005": Kind(_refuses(node.BEHIND), r"142 slots behind"),
    "a reply cut in half": Kind(_refuses(node.CUT), r"cut"),
}


def blames(outcome: Outcome, address: ManyNodes, *, methods: tuple[str, ...], cause: str) -> bool:
    """Whether a run's result or error names the endpoint, one of its methods, and the cause after them."""
    host = re.escape(address.url.removeprefix("http://"))
    return re.search(rf"{host}.{{0,40}}({'|'.join(methods)}).{{0,300}}?({cause})", outcome.words) is not None
