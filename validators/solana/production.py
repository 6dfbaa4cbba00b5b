"""getBlockProduction: who led how many slots of an epoch, and made how many blocks of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, Strict, WrapValidator, model_validator

from validators.exceptions import EndpointError
from validators.solana.pubkey import is_pubkey
from validators.solana.records import Records, Rejected, or_reason, sorted_out
from validators.solana.rpc import Endpoint
from validators.solana.schemas import MOST_SLOTS_IN_EPOCH, Key, Reply, Unsigned

METHOD: Final = "getBlockProduction"
SCHEDULE_METHOD: Final = "getLeaderSchedule"
# In so many slots of an epoch that nobody led one is no sign of a bad answer.
FIRST_SLOTS: Final = 100

_Count = Annotated[int, Strict(), Field(ge=0, le=MOST_SLOTS_IN_EPOCH)]
_Places = Annotated[list[_Count], Field(max_length=MOST_SLOTS_IN_EPOCH)]
if TYPE_CHECKING:
    _Counts = tuple[int, int] | str
else:
    _Counts = Annotated[tuple[_Count, _Count], Strict(False), WrapValidator(or_reason)]


class _Range(BaseModel):
    model_config = ConfigDict(strict=True)
    first_slot: Unsigned = Field(validation_alias="firstSlot")
    last_slot: Unsigned = Field(validation_alias="lastSlot")

    @model_validator(mode="after")
    def _forwards(self) -> "_Range":
        if self.last_slot < self.first_slot:
            raise ValueError(f"from slot {self.first_slot} to {self.last_slot}")
        return self


class _Value(BaseModel):
    by_identity: dict[str, _Counts] = Field(validation_alias="byIdentity")
    range: _Range


class BlockProduction(BaseModel):
    """The result of getBlockProduction, what we use of it."""

    value: _Value


@dataclass(frozen=True, slots=True)
class Leader:
    """An identity's leader slots so far and the blocks it made of them."""

    identity: str
    leader_slots: int
    blocks_produced: int

    @property
    def skip_rate(self) -> float | None:
        """The share of its slots without a block; None before its first slot."""
        return 1 - self.blocks_produced / self.leader_slots if self.leader_slots else None


@dataclass(frozen=True, slots=True)
class Production:
    """What one endpoint said of the slots from first_slot to last_slot."""

    leaders: Records[Leader]
    first_slot: int
    last_slot: int

    @property
    def slots(self) -> int:
        return self.last_slot - self.first_slot + 1

    @property
    def share_led(self) -> float:
        """How many of the slots have a leader that is told; all of them, where nobody is left out."""
        return sum(leader.leader_slots for leader in self.leaders.good) / self.slots

    def covers(self, first: int, last: int) -> bool:
        return self.first_slot <= first and self.last_slot >= last


def ask_production(endpoint: Endpoint, slots: tuple[int, int] | None = None) -> Production:
    """Of the running epoch so far, or from the first to the last of these slots. Raises an EndpointError.

    In the first slots of an epoch nobody has led yet, and there are no leaders.
    """
    options = [] if slots is None else [{"range": {"firstSlot": slots[0], "lastSlot": slots[1]}}]
    value = endpoint.call(METHOD, options, Reply[BlockProduction]).value
    counted = value.range.last_slot - value.range.first_slot + 1
    if not value.by_identity and counted <= FIRST_SLOTS:
        return Production(Records(endpoint.name, (), ()), value.range.first_slot, value.range.last_slot)
    leaders = sorted_out(endpoint, METHOD, _judged(value.by_identity, counted))
    return Production(leaders, value.range.first_slot, value.range.last_slot)


def ask_whole_production(endpoint: Endpoint, slots: tuple[int, int]) -> Production | None:
    """Of all these slots, which have passed; None where the node refuses, fails, or tells of fewer.

    It is asked beside the running epoch, whose good answer must not be lost with a bad one of this.
    """
    try:
        production = ask_production(endpoint, slots)
    except EndpointError:
        return None
    return production if production.covers(*slots) and production.leaders.good else None


def ask_leader_slots(endpoint: Endpoint, slot: int) -> dict[str, int] | None:
    """How many slots of that slot's epoch were given to each identity; None where the node does not say."""
    try:
        schedule = endpoint.call(SCHEDULE_METHOD, [slot], Reply[dict[Key, _Places]])
    except EndpointError:
        return None
    return {identity: len(places) for identity, places in schedule.items()}


def _judged(by_identity: dict[str, Any], counted: int) -> Iterator[Leader | Rejected]:
    for identity, counts in by_identity.items():
        key = ascii(identity[:44])[1:-1]
        if not is_pubkey(identity):
            yield Rejected(key, "not the base58 form of 32 bytes")
        elif isinstance(counts, str):
            yield Rejected(key, counts)
        elif counts[0] > counted:
            yield Rejected(key, f"{counts[0]} leader slots in {counted} slots")
        elif counts[1] > counts[0]:
            yield Rejected(key, f"{counts[1]} blocks in {counts[0]} leader slots")
        else:
            yield Leader(identity, *counts)
