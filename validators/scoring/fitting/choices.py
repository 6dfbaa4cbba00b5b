"""The open part of trust-v2: how answers become points. Chosen, not fitted; copied into its file."""

from typing import Any, Final

POINTS: Final[dict[str, Any]] = {
    # Probability of a bad next epoch -> points.
    "reliability": {
        "name": "reliability",
        "knots": [0.0003, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 1],
        "values": [60, 57, 53, 47, 41, 34, 26, 20, 13, 7, 3, 0],
    },
    # Share of a perfect 0 % validator's reward -> points.
    "return": {
        "name": "return",
        "knots": [0, 0.5, 0.8, 0.9, 1.0, 1.005],
        "values": [0, 2, 5, 8, 28, 29],
        "unknown": 8,
    },
    "terms": {
        "all": 11,
        "unknown_commission": 4,
        "private": 11,
        "high_commission": 4,
        "raise": 2,
        "steep_raise": 5,
        "superminority": 2,
    },
    # The same share -> what of the whole score is kept: a validator that keeps the rewards for
    # itself may be reliable, and is still no place for a delegation.
    "share_kept": {
        "name": "share_kept",
        "knots": [0, 0.5, 0.8, 0.9],
        "values": [0.15, 0.5, 0.85, 1],
        "unknown": 0.9,
    },
}
