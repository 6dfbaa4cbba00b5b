"""How likely a bad epoch is within ten, by how likely a bad next one is. Pure.

Not 1 - (1 - risk)^10: who fails often fails again, so the same failures are those of fewer validators. Below
a risk of 2 % that makes little difference; of 15 % it would make 80 % where 58 % was measured.
"""

from typing import Final

from validators.scoring.curves import interpolated

# Risks of trust-v3 for epochs that its trees had not seen, and the share of validators that then had a bad
# epoch among the next ten while they had stake: recorded mainnet, after epochs 881 to 910 and 921 to 939.
# docs/scoring.md says how they held on epochs that they were not fitted on.
RISKS: Final = (0.0, 0.002, 0.01, 0.05, 0.15, 0.5, 1.0)
WITHIN_TEN: Final = (0.003, 0.021, 0.086, 0.293, 0.582, 0.667, 1.0)
DIGITS: Final = 6


def risk_of_ten_epochs(risk: float | None) -> float | None:
    """Never less than the risk of the first of them; None where that is unknown."""
    if risk is None:
        return None
    return round(max(risk, interpolated(risk, RISKS, WITHIN_TEN)), DIGITS)
