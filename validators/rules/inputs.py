"""What a rule may ask of one validator in one epoch."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Final, NamedTuple


class Absent(Enum):
    """There is nothing to tell, and that is known: not in the cluster, or without an account of tips."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT
# None is unknown.
Value = float | bool | str | Absent | None


class Unit(StrEnum):
    """How a value and its bounds are written."""

    FRACTION = "fraction"
    SOL = "sol"
    YES_NO = "yes_no"
    VERSION = "version"


class Known(NamedTuple):
    """One validator in one epoch. Rates are fractions, stake is in SOL."""

    # Of the vote account, as the last look of the epoch saw it, and the highest that two looks agreed on.
    commission: Value = None
    highest_commission: Value = None
    # ABSENT where it made blocks and had no account of tips.
    mev_commission: Value = None
    runs_jito: Value = None
    # Against the stake-weighted mean of the cluster.
    vote_performance: Value = None
    # Of the most credits that the cluster's blocks could bring; Tower only.
    credits_share: Value = None
    # Of our looks at it in the epoch.
    delinquent_share: Value = None
    skip_rate: Value = None
    # Its skip rate less the cluster's.
    skip_rate_above_cluster: Value = None
    stake: Value = None
    # It earned credits.
    voted: Value = None
    # Of the last look alone.
    delinquent: Value = None
    superminority: Value = None
    has_name: Value = None
    has_icon: Value = None
    version: Value = None
    # Which numbering the version is of.
    lineage: str = ""


@dataclass(frozen=True, slots=True)
class About:
    """What an input is: in which unit, in words, and whether it stays as it is until somebody changes it.

    `yes` and `no` are sentences of one that is either. What is of vote credits alone cannot be told of an
    epoch that counts lamports.
    """

    unit: Unit
    said: str
    yes: str = ""
    no: str = ""
    is_setting: bool = False
    only_now: bool = False
    of_vote_credits: bool = False


ABOUT: Final[Mapping[str, About]] = {
    "commission": About(Unit.FRACTION, "commission", is_setting=True),
    "highest_commission": About(Unit.FRACTION, "highest commission", is_setting=True),
    "mev_commission": About(Unit.FRACTION, "MEV commission", is_setting=True),
    "runs_jito": About(
        Unit.YES_NO, "whether it runs Jito", "it runs Jito", "it does not run Jito", is_setting=True
    ),
    "vote_performance": About(Unit.FRACTION, "how it voted against the cluster's mean"),
    "credits_share": About(Unit.FRACTION, "share of the most credits", of_vote_credits=True),
    "delinquent_share": About(Unit.FRACTION, "share of looks that saw it delinquent"),
    "skip_rate": About(Unit.FRACTION, "skip rate"),
    "skip_rate_above_cluster": About(Unit.FRACTION, "skip rate less the cluster's"),
    "stake": About(Unit.SOL, "stake", is_setting=True),
    "voted": About(Unit.YES_NO, "whether it voted", "it voted", "it did not vote"),
    "delinquent": About(
        Unit.YES_NO,
        "whether it is delinquent",
        "it is delinquent",
        "it is not delinquent",
        is_setting=True,
        only_now=True,
    ),
    "superminority": About(
        Unit.YES_NO,
        "whether it belongs to the superminority",
        "it belongs to the superminority",
        "it does not belong to the superminority",
        is_setting=True,
        only_now=True,
    ),
    "has_name": About(
        Unit.YES_NO,
        "whether it published a name",
        "it published a name",
        "it published no name",
        is_setting=True,
        only_now=True,
    ),
    "has_icon": About(
        Unit.YES_NO,
        "whether it published an icon",
        "it published an icon",
        "it published no icon",
        is_setting=True,
        only_now=True,
    ),
    "version": About(Unit.VERSION, "version", is_setting=True, only_now=True),
}


@dataclass(frozen=True, slots=True)
class WholePast:
    """What is known of all epochs of a validator at once, for rules without a window."""

    # The oldest epoch of which anything is known of it, None of nobody; and of how many it is.
    first: int | None = None
    epochs: int = 0
    # Of how many its commission is known, and in how many it voted: at least, where no rule asks for more.
    commissions: int = 0
    voted: int = 0
    # It was not there before `first`, as the cluster's history begins earlier.
    joined_then: bool = False


@dataclass(frozen=True, slots=True)
class Past:
    """One validator by epoch, the running one among them.

    `old` are epochs before all windows in which its commission was above a bound of a rule without one.
    `lamports` are the epochs whose credits are lamports, as since Alpenglow.
    """

    running: int
    epochs: Mapping[int, Known]
    # Epochs of which the cluster's history tells, so that who is missing there was not in the cluster.
    held: frozenset[int]
    # (input, epoch): nobody was told of it yet, as that comes a while after the epoch.
    pending: frozenset[tuple[str, int]]
    whole: WholePast
    old: Mapping[int, Known]
    lamports: frozenset[int] = frozenset()
