"""getInflationRate and getSupply: what the validators share in an epoch."""

from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import BaseModel, Field

from validators.solana.arithmetic import LARGEST
from validators.solana.rpc import Endpoint
from validators.solana.schemas import Reply

RATE_METHOD: Final = "getInflationRate"
SUPPLY_METHOD: Final = "getSupply"

# A float, because one client sends the epoch as 990.0.
_Rate = Annotated[float, Field(strict=True, ge=0, le=1, allow_inf_nan=False)]


class InflationRate(BaseModel):
    """The result of getInflationRate, what we use of it; rates are yearly fractions."""

    validator: _Rate
    epoch: Annotated[float, Field(strict=True, ge=0, le=2**53, multiple_of=1, allow_inf_nan=False)]


class _SupplyValue(BaseModel):
    total: Annotated[int, Field(strict=True, gt=0, le=LARGEST)]


class Supply(BaseModel):
    """The result of getSupply, what we use of it; lamports."""

    value: _SupplyValue


@dataclass(frozen=True, slots=True)
class Inflation:
    """What one endpoint said: a yearly rate for the validators, lamports in existence, and the epoch."""

    endpoint: str
    epoch: int
    validator: float
    total_supply: int


def ask_inflation(endpoint: Endpoint) -> Inflation:
    """Raises an EndpointError."""
    rate = endpoint.call(RATE_METHOD, [], Reply[InflationRate])
    options = {"excludeNonCirculatingAccountsList": True}
    supply = endpoint.call(SUPPLY_METHOD, [options], Reply[Supply])
    return Inflation(endpoint.name, int(rate.epoch), rate.validator, supply.value.total)
