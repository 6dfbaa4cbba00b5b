"""How few could stop the cluster. Pure."""

from collections.abc import Mapping


def superminority(stakes: Mapping[str, int]) -> list[str]:
    """The fewest accounts that hold more than a third of all stake, largest first.

    Stakes are lamports by vote account, current and delinquent. The account that crosses the
    third is inside; of equal stakes the key that sorts first counts first. Empty without stake.
    """
    total = sum(stakes.values())
    inside: list[str] = []
    held = 0
    least = _least_inside(stakes, total)
    large = (item for item in stakes.items() if item[1] >= least)
    for key, stake in sorted(large, key=lambda item: (-item[1], item[0])):
        if held * 3 > total or not stake:
            break
        held += stake
        inside.append(key)
    return inside


def _least_inside(stakes: Mapping[str, int], total: int) -> int:
    """Below it nobody is inside: numbers alone are sorted ten times faster than with their keys."""
    held = 0
    for stake in sorted(stakes.values(), reverse=True):
        held += stake
        if held * 3 > total:
            return stake
    return 0


def nakamoto_coefficient(stakes: Mapping[str, int]) -> int | None:
    """The size of the superminority; None when nothing is staked."""
    return len(superminority(stakes)) or None
