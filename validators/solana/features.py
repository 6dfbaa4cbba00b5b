"""The accounts in which the runtime says what is switched on, by address. Pure."""

from collections.abc import Mapping
from typing import Final

FEATURE_PROGRAM: Final = "Feature111111111111111111111111111111111111"
# Shorter slots (SIMD-0525), ms each; 400 ms is what holds while none of them is in effect. Each is in effect
# from the epoch after the one of its activation, and the smallest wins.
SLOT_TIME_FEATURES: Final[Mapping[str, int]] = {
    "iBRL5RuWhw4yqaAZu96RUULHckHTZAoe2b77qaV38JZ": 350,
    "iBRLL3k18HST852F1Mf3Lv83waTNQmmqvKDxvYGwQFL": 300,
    "iBRLMc81UjRa8fn8A6eE8bJTnRbgQoPTynM51akENCV": 250,
    "iBRLjhJnkmDZgNoZRDMW11d8ZV7HvsL3vAyRjZB5npW": 200,
}
# Votes leave the chain, and credits become lamports.
ALPENGLOW_FEATURE: Final = "A1pengvuM6JEcyNuTnMqepBKhwHE3N6PmUrdATGawhJS"
# A vote account must pay for being let into an epoch's set, and have a BLS key (SIMD-0357).
ADMISSION_FEATURE: Final = "VAT9huvhPjRN9cyrPytq9rwvEJ3J4ADtjdncgZRyANJ"
FEATURES: Final = (*SLOT_TIME_FEATURES, ALPENGLOW_FEATURE, ADMISSION_FEATURE)

SYSTEM_PROGRAM: Final = "11111111111111111111111111111111"
SYSVAR_PROGRAM: Final = "Sysvar1111111111111111111111111111111111111"
CLOCK: Final = "SysvarC1ock11111111111111111111111111111111"
EPOCH_REWARDS: Final = "SysvarEpochRewards1111111111111111111111111"
STAKE_HISTORY: Final = "SysvarStakeHistory1111111111111111111111111"
