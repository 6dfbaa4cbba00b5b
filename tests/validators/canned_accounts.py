"""The accounts of a canned cluster: votes on the chain, slots of 400 ms, no admission rule."""

from collections.abc import Iterable, Mapping
from typing import Any

from tests.validators import raw_accounts, replies
from validators.solana.features import CLOCK, FEATURES, STAKE_HISTORY

HALF_WAY = replies.HALF_WAY
EPOCH_BEGAN = 1_795_000_000


def runtime() -> dict[str, Any]:
    """Sysvars as at half of the epoch; no feature has an account."""
    now = EPOCH_BEGAN + replies.SLOTS // 2 * 400 // 1_000
    history = [(replies.EPOCH - 1, 430, 2, 1), (replies.EPOCH - 2, 428, 3, 1)]
    return {
        CLOCK: raw_accounts.sent_sysvar(raw_accounts.clock(slot=HALF_WAY, start=EPOCH_BEGAN, now=now)),
        STAKE_HISTORY: raw_accounts.sent_sysvar(raw_accounts.stake_history(history)),
    }


def vote_accounts(sent: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The raw account of each item of getVoteAccounts, a v4 with a BLS key, by its address."""
    return {
        one["votePubkey"]: raw_accounts.sent(raw_accounts.vote_v4(credits=one["epochCredits"]))
        for one in sent
    }


def answer(params: Any, sent: Iterable[Mapping[str, Any]], *, slot: int) -> dict[str, Any]:
    """getMultipleAccounts as of that slot, or the later one that it is asked for."""
    keys, options = params
    known = runtime() if keys[0] in FEATURES else vote_accounts(sent)
    slot = max(slot, options.get("minContextSlot", 0))
    return {"context": {"slot": slot}, "value": [known.get(key) for key in keys]}
