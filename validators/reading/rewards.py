"""What people ask first: what would a sum of SOL bring here?"""

from typing import Final

from validators.solana.arithmetic import LAMPORTS_PER_SOL
from validators.solana.economics import yearly_reward

HUNDRED_SOL: Final = 100 * LAMPORTS_PER_SOL


def reward_of_100_sol(apy: float | None) -> str | None:
    """Lamports of a year, as documents write them; None while the APY is unknown."""
    lamports = yearly_reward(HUNDRED_SOL, apy)
    return None if lamports is None else str(lamports)
