"""Sorting the records of a reply into good and rejected, and doubting the whole when too many are bad."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Generic, NamedTuple, TypeVar

from pydantic import ValidationError, ValidatorFunctionWrapHandler

from validators.exceptions import MalformedReplyError
from validators.solana.rpc import Endpoint
from validators.solana.schemas import describe

# One record in twenty may be bad before the whole reply is mistrusted.
MOST_REJECTED_SHARE: Final = 0.05

Record = TypeVar("Record")


class Rejected(NamedTuple):
    """A record that was left out, by its key as far as it is readable, and why."""

    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class Records(Generic[Record]):
    """What an endpoint (key masked) sent."""

    endpoint: str
    good: tuple[Record, ...]
    rejected: tuple[Rejected, ...]


def or_reason(record: Any, parse: ValidatorFunctionWrapHandler) -> Any:
    """For WrapValidator: a bad record becomes the reason why, and never takes the others down."""
    try:
        return parse(record)
    except ValidationError as exc:
        return describe(exc)


def sorted_out(endpoint: Endpoint, method: str, judged: Iterable[Record | Rejected]) -> Records[Record]:
    """Raises MalformedReplyError when more than a twentieth is bad, or nothing is good."""
    good: list[Record] = []
    rejected: list[Rejected] = []
    for one in judged:
        if isinstance(one, Rejected):
            rejected.append(one)
        else:
            good.append(one)
    total = len(good) + len(rejected)
    if len(rejected) > MOST_REJECTED_SHARE * total:
        first = rejected[0]
        doubt = f"{len(rejected):,} of {total:,} records are invalid, first {first.key}: {first.reason}"
        raise MalformedReplyError(endpoint.name, method, doubt)
    if not good:
        raise MalformedReplyError(endpoint.name, method, "no record at all")
    return Records(endpoint.name, tuple(good), tuple(rejected))
