"""A vote account as a node parses it (jsonParsed): the second way to read one. Pure.

Source: UiVoteState in agave's account-decoder; the fields of vote state v4 are sent from 4.x on.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from validators.exceptions import LayoutError
from validators.solana.arithmetic import (
    ALL_BPS,
    LARGEST,
    MOST_TUPLES,
    SPLIT_MARK,
    WIRE_LARGEST,
    WRITTEN_MOST,
    CreditTuple,
    is_split_mark,
)
from validators.solana.layouts import BlsKey, StateVersion, VoteState, packed_credits
from validators.solana.pubkey import ALPHABET
from validators.solana.schemas import Key, describe

# 48 bytes in base58.
_BLS_SHAPE: Final = re.compile(f"[{ALPHABET}]{{48,66}}")


def _whole_number(sent: object) -> object:
    """A number sent as text, so that no reader rounds it."""
    if not isinstance(sent, str) or not sent.isascii() or not sent.isdigit() or len(sent) > 20:
        raise ValueError("not a whole number as text")
    return int(sent)


def _checked_bls_key(text: str) -> str:
    if not _BLS_SHAPE.fullmatch(text):
        raise ValueError("not the base58 form of 48 bytes")
    return text


_Counted = Annotated[int, BeforeValidator(_whole_number), Field(le=WRITTEN_MOST)]
_Bps = Annotated[int, Field(ge=0, le=65_535)]


class _Credits(BaseModel):
    model_config = ConfigDict(strict=True)
    epoch: Annotated[int, Field(ge=0, le=WRITTEN_MOST)]
    credits: _Counted
    previous: _Counted = Field(validation_alias="previousCredits")

    def as_tuple(self) -> CreditTuple:
        numbers = (self.epoch, self.credits, self.previous)
        if is_split_mark(numbers):
            return SPLIT_MARK
        if max(numbers) > WIRE_LARGEST:
            raise LayoutError(f"parsed vote account: epoch credits {numbers} beyond 2^64 - 1")
        return numbers


class _ParsedVote(BaseModel):
    model_config = ConfigDict(strict=True)
    identity: Key = Field(validation_alias="nodePubkey")
    withdrawer: Key = Field(validation_alias="authorizedWithdrawer")
    epoch_credits: Annotated[list[_Credits], Field(max_length=MOST_TUPLES)] = Field(
        validation_alias="epochCredits"
    )
    # Rounded down; the basis points are exact.
    percent: Annotated[int, Field(ge=0, le=255)] | None = Field(default=None, validation_alias="commission")
    sent_bps: _Bps | None = Field(default=None, validation_alias="inflationRewardsCommissionBps")
    inflation_collector: Key | None = Field(default=None, validation_alias="inflationRewardsCollector")
    block_collector: Key | None = Field(default=None, validation_alias="blockRevenueCollector")
    block_commission_bps: _Bps = Field(default=ALL_BPS, validation_alias="blockRevenueCommissionBps")
    pending_rewards: Annotated[int, BeforeValidator(_whole_number), Field(le=LARGEST)] = Field(
        default=0, validation_alias="pendingDelegatorRewards"
    )
    bls_key: Annotated[str, AfterValidator(_checked_bls_key)] | None = Field(
        default=None, validation_alias="blsPubkeyCompressed"
    )

    def commission_bps(self) -> int:
        if self.sent_bps is not None:
            return self.sent_bps
        if self.percent is None:
            raise LayoutError("parsed vote account: neither commission nor inflationRewardsCommissionBps")
        return self.percent * 100

    def bls(self) -> BlsKey:
        """An absent field is not a missing key: older nodes know of none, and one version leaves null out."""
        if self.bls_key is not None:
            return BlsKey.PRESENT
        return BlsKey.MISSING if "bls_key" in self.model_fields_set else BlsKey.NOT_REPORTED


def parsed_vote_state(info: Mapping[str, Any]) -> VoteState:
    """From `data.parsed.info`. Raises LayoutError.

    The node does not say which version it parsed: only v4 can have a BLS key, all else is unknown.
    """
    try:
        vote = _ParsedVote.model_validate(dict(info))
    except ValidationError as exc:
        raise LayoutError(f"parsed vote account: {describe(exc)}") from None
    bls = vote.bls()
    return VoteState(
        state_version=StateVersion.V4 if bls is BlsKey.PRESENT else None,
        identity=vote.identity,
        withdrawer=vote.withdrawer,
        inflation_collector=vote.inflation_collector,
        block_collector=vote.block_collector,
        commission_bps=vote.commission_bps(),
        block_commission_bps=vote.block_commission_bps,
        pending_rewards=vote.pending_rewards,
        bls=bls,
        credits=packed_credits(credits.as_tuple() for credits in vote.epoch_credits),
    )
