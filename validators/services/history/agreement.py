"""How often two histories say the same of a validator and epoch, and where they do not. Pure."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from scheduling.wording import counted
from validators.services.history.rows import Numbers
from validators.solana.arithmetic import BPS_PER_PERCENT
from validators.solana.versions import parse_version

# How many differences are named; all of them are counted.
MOST_NAMED: Final = 100
# What is asked of Jito's history against a file of the same epochs.
LEAST_SHARE: Final = 0.999
_LAMPORTS: Final = ("activated_stake",)
_EXACT: Final = ("activated_stake", "leader_slots", "blocks_produced")


class Difference(NamedTuple):
    """What was told, and what was known already."""

    vote_account: str
    epoch: int
    field: str
    told: Any
    known: Any

    def __str__(self) -> str:
        told, known = _written(self.field, self.told), _written(self.field, self.known)
        return f"{self.vote_account} in epoch {self.epoch}: {_name(self.field)} {told}, known as {known}"


@dataclass(slots=True)
class Agreement:
    """Numbers that both sides know, by field."""

    compared: Counter[str] = field(default_factory=Counter)
    differing: Counter[str] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)

    @property
    def share(self) -> float | None:
        """Of all that was compared; None where nothing was."""
        total = self.compared.total()
        return 1 - self.differing.total() / total if total else None

    def add(self, vote_account: str, epoch: int, told: Numbers, known: Numbers) -> None:
        """Every number that both know."""
        for name, ours, theirs, agrees in _pairs(told, known):
            self.count(Difference(vote_account, epoch, name, ours, theirs), agrees=agrees)

    def count(self, pair: Difference, *, agrees: bool) -> None:
        self.compared[pair.field] += 1
        if agrees:
            return
        self.differing[pair.field] += 1
        if len(self.differences) < MOST_NAMED:
            self.differences.append(pair)

    def document(self) -> dict[str, Any]:
        return {
            "compared": self.compared.total(),
            "agreeing": self.compared.total() - self.differing.total(),
            "share": self.share,
            "by_field": {
                name: {"compared": number, "differing": self.differing[name]}
                for name, number in sorted(self.compared.items())
            },
            "differences": [one._asdict() for one in self.differences],
        }

    def lines(self) -> list[str]:
        """In words, the sum first."""
        total, share = self.compared.total(), self.share
        if share is None:
            return ["Nothing was known of the same validators and epochs."]
        agreeing = f"{total - self.differing.total():,} of {counted(total, 'number')}"
        said = [f"{agreeing} agree with what was known: {share:.4%}"]
        said += [
            f"  {_name(name):<20} {number - self.differing[name]:>10,} of {number:,}"
            for name, number in sorted(self.compared.items())
        ]
        said += [f"  {one}" for one in self.differences]
        unnamed = self.differing.total() - len(self.differences)
        return [*said, f"  and {counted(unnamed, 'difference')} more"] if unnamed else said


def _name(name: str) -> str:
    return name.removesuffix("_bps").replace("_", " ")


def _written(name: str, value: Any) -> str:
    """With its unit."""
    if value is None or isinstance(value, (bool, str)):
        return str(value)
    if "commission" in name:
        return f"{value / BPS_PER_PERCENT:g} %"
    unit = " lamports" if name in _LAMPORTS else ""
    return f"{value:,}{unit}"


def _pairs(told: Numbers, known: Numbers) -> list[tuple[str, Any, Any, bool]]:
    """Each field that both know, with both values and whether they agree."""
    found = [
        (name, ours, theirs, ours == theirs)
        for name in _EXACT
        if (ours := getattr(told, name)) is not None and (theirs := getattr(known, name)) is not None
        if name == "activated_stake" or told.blocks_basis == known.blocks_basis
    ]
    if told.credits_final and known.credits_final and told.credits_unit == known.credits_unit:
        found.append(("credits", told.credits, known.credits, told.credits == known.credits))
    if told.commission_last_bps is not None and known.commission_last_bps is not None:
        agrees = _same_commission(told, known)
        found.append(("commission", told.commission_last_bps, known.commission_last_bps, agrees))
    if told.version and known.version:
        found.append(("version", told.version, known.version, _same_version(told.version, known.version)))
    return found


def _same_commission(told: Numbers, known: Numbers) -> bool:
    """One of those of the epoch; what either side has in whole percent may be rounded up or down."""
    return _is_among(told.commission_last_bps, known) or _is_among(known.commission_last_bps, told)


def _is_among(bps: int | None, of: Numbers) -> bool:
    looks = [of.commission_first_bps, of.commission_last_bps]
    seen = [one for one in (of.commission_min_bps, of.commission_max_bps, *looks) if one is not None]
    lowest = min(seen) // BPS_PER_PERCENT * BPS_PER_PERCENT
    highest = -(-max(seen) // BPS_PER_PERCENT) * BPS_PER_PERCENT
    return bps is not None and lowest <= bps <= highest


def _same_version(told: str, known: str) -> bool:
    """In three numbers: Jito's history has no room for what may stand behind them."""
    ours, theirs = parse_version(told), parse_version(known)
    return told == known if ours is None or theirs is None else ours[:3] == theirs[:3]
