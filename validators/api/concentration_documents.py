"""What callers get of how stake is spread: the shape of each reply, and from numbers to documents."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from ninja import Schema
from pydantic import Field

from scheduling.api.replies import Envelope
from validators.api import words
from validators.api.documents import LAMPORTS, NEXT_CURSOR
from validators.models import ConcentrationEpoch, NetworkDatabase
from validators.reading.concentration import ToldSpread

_NAKAMOTO = (
    "Nakamoto coefficient: the fewest known groups that hold more than a third of all stake; null where "
    "those that are known do not, however many"
)
_AT_LEAST = (
    "What it would be if all stake whose group is unknown were the largest's; null where nothing is known"
)
_HERFINDAHL = (
    "Sum of the squares of the shares, 1 for a single group; what is unknown adds nothing, so it is that at "
    "least. Null where nothing is known"
)
_UNKNOWN = "Of those whose group is unknown, which are in none of the groups and in `total_stake`"


class GroupDocument(Schema):
    """Validators of one network, country, address, client or operator."""

    key: str = Field(description="What lists of validators are narrowed by, such as AS64496 or DE")
    name: str | None = Field(
        description="Of a network as the database has it, of an operator as its largest validator calls "
        "itself; never trusted"
    )
    validators: int = Field(description="How many are in it, also without stake")
    stake: str = Field(description=f"Of all of them. {LAMPORTS}")
    share: float = Field(description="Of all stake, a fraction; 0 where nothing is staked")


class ConcentrationDocument(Schema):
    """How the stake of everybody present is spread over one kind of group."""

    by: words.GroupedBy = Field(description="What groups are made by")
    basis: words.GroupBasis = Field(description="What a group is")
    epoch: int | None = Field(description="Of the stake")
    sources: list[str] = Field(description="Who tells: methods of the endpoint, and files of ASN_DATABASE")
    said: list[str] = Field(description="What it comes to, and what it hides, in sentences")
    total_stake: str = Field(description=f"Of everybody present, delinquent ones too. {LAMPORTS}")
    groups: int = Field(description="How many are known")
    unknown_validators: int = Field(description="Whose group is unknown")
    unknown_stake: str = Field(description=f"{_UNKNOWN}. {LAMPORTS}")
    unknown_share: float | None = Field(description="Of all stake, a fraction; null without stake")
    nakamoto: int | None = Field(description=_NAKAMOTO)
    nakamoto_at_least: int | None = Field(description=_AT_LEAST)
    herfindahl: float | None = Field(description=_HERFINDAHL)
    largest: list[GroupDocument] = Field(description="As many as `limit` says, the largest first")


class NetworkFileDocument(Schema):
    """A file of ASN_DATABASE, as it was read last."""

    name: str = Field(description="Of the file, without its folder")
    kind: str = Field(description="mmdb or iptoasn")
    says: str = Field(description="What it says it is")
    made_at: datetime | None = Field(
        description="When it was made, UTC; of an iptoasn file, when it was stored"
    )


class ConcentrationReply(Envelope):
    """How stake is spread over networks, countries, addresses, clients and operators."""

    items: list[ConcentrationDocument] = Field(description="One for each kind of group")
    networks_by: list[NetworkFileDocument] = Field(description="Where networks are from; none is no database")
    networks_problem: str | None = Field(description="Why these could not be read when that was tried last")
    next_cursor: str | None = Field(description=NEXT_CURSOR)


class ConcentrationEpochDocument(Schema):
    """How the stake of one epoch was spread, as the last look at the nodes in it left it."""

    epoch: int = Field(description="Which one")
    by: words.GroupedBy = Field(description="What groups are made by")
    basis: words.GroupBasis = Field(description="What a group is; numbers of two kinds do not compare")
    total_stake: str = Field(description=LAMPORTS)
    groups: int = Field(description="How many were known")
    unknown_stake: str = Field(description=f"{_UNKNOWN}. {LAMPORTS}")
    nakamoto: int | None = Field(description=_NAKAMOTO)
    nakamoto_at_least: int | None = Field(description=_AT_LEAST)
    herfindahl: float | None = Field(description=_HERFINDAHL)
    largest_key: str | None = Field(description="The key of the group with the most stake")
    largest_name: str | None = Field(description="Of that one, as known then; never trusted")
    largest_stake: str | None = Field(description=LAMPORTS)
    largest_share: float | None = Field(description="Of all stake, a fraction")
    looked_at: datetime = Field(description="When that look was, UTC")


class ConcentrationEpochList(Envelope):
    """A page of epochs, of one kind of group."""

    items: list[ConcentrationEpochDocument] = Field(description="The newest epoch first")
    next_cursor: str | None = Field(description=NEXT_CURSOR)


GROUP_COLUMNS = ("by", "basis", "epoch", *GroupDocument.model_fields)


def concentration_document(told: ToldSpread, *, most: int) -> dict[str, Any]:
    found = told.spread.concentration
    return {
        "by": told.spread.by.value,
        "basis": told.spread.basis.value,
        "epoch": told.epoch,
        "sources": list(told.sources),
        "said": list(told.said),
        "total_stake": str(found.total),
        "groups": len(found.groups),
        "unknown_validators": found.unknown_validators,
        "unknown_stake": str(found.unknown_stake),
        "unknown_share": found.unknown_share,
        "nakamoto": found.nakamoto,
        "nakamoto_at_least": found.nakamoto_at_least,
        "herfindahl": found.herfindahl,
        "largest": list(_groups(told, most)),
    }


def group_rows(told: ToldSpread, *, most: int) -> Iterator[dict[str, Any]]:
    """A row of a CSV for each group."""
    about = {"by": told.spread.by.value, "basis": told.spread.basis.value, "epoch": told.epoch}
    return (about | group for group in _groups(told, most))


def _groups(told: ToldSpread, most: int) -> Iterator[dict[str, Any]]:
    for group in told.spread.concentration.groups[:most]:
        yield {
            "key": group.key,
            "name": told.spread.names.get(group.key),
            "validators": group.validators,
            "stake": str(group.stake),
            "share": group.share,
        }


def networks_about(database: NetworkDatabase | None) -> dict[str, Any]:
    files = database.files if database else []
    words_of_file = NetworkFileDocument.model_fields
    return {
        "networks_by": [{word: one[word] for word in words_of_file} for one in files],
        "networks_problem": (database.problem or None) if database else None,
    }


def concentration_epoch_document(kept: ConcentrationEpoch) -> dict[str, Any]:
    largest = kept.largest_stake
    return {
        "epoch": kept.epoch,
        "by": kept.by,
        "basis": kept.basis,
        "total_stake": str(kept.total_stake),
        "groups": kept.groups,
        "unknown_stake": str(kept.unknown_stake),
        "nakamoto": kept.nakamoto,
        "nakamoto_at_least": kept.nakamoto_at_least,
        "herfindahl": kept.herfindahl,
        "largest_key": kept.largest_key or None,
        "largest_name": kept.largest_name or None,
        "largest_stake": None if largest is None else str(largest),
        "largest_share": kept.largest_share,
        "looked_at": kept.looked_at,
    }
