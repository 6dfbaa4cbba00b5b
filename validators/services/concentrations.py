"""How stake is spread over networks, countries, addresses, clients and operators, now and kept by epoch."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from validators.models import ConcentrationEpoch, Validator
from validators.services import bulk
from validators.services.digests import Reckoned
from validators.solana.concentration import Concentration, Member, concentration
from validators.solana.versions import Client

By = ConcentrationEpoch.By
Basis = ConcentrationEpoch.Basis

_BASES: Final[Mapping[By, Basis]] = {
    By.COUNTRY: Basis.DATABASE,
    By.ADDRESS: Basis.GOSSIP,
    By.CLIENT: Basis.GOSSIP,
    By.OPERATOR: Basis.EVIDENCE,
}
_KEPT: Final = (
    *("basis", "total_stake", "groups", "unknown_stake", "nakamoto", "nakamoto_at_least", "herfindahl"),
    *("largest_key", "largest_name", "largest_stake", "looked_at"),
)

# Kept, for from one look to the next mostly nobody moved.
_figures: Final = Reckoned[Sequence[Mapping[str, Any]]]()


class _Row(NamedTuple):
    network: str
    country: str
    address: str
    client: str
    operator: str
    stake: int
    network_name: str
    name: str


@dataclass(frozen=True, slots=True)
class Spread:
    """The stake of everybody present by one kind of group; `names` are of groups that have one."""

    by: By
    basis: Basis
    concentration: Concentration
    names: Mapping[str, str]


def spreads(wanted: Iterable[By], *, has_database: bool) -> list[Spread]:
    """As the rows of validators are: networks are a database's, or ranges of addresses. One query."""
    return _spreads(wanted, _present(), has_database=has_database)


def _present() -> bulk.Rows:
    columns = (*_Row._fields[:5], "activated_stake", "network_name", "name")
    return bulk.read_rows(Validator.objects.present().values_list(*columns))


def _spreads(wanted: Iterable[By], present: bulk.Rows, *, has_database: bool) -> list[Spread]:
    # The largest first, for an operator is called as its largest.
    rows = sorted((_Row(*row) for row in present), key=lambda row: (-row.stake, row.name))
    network = Basis.ASN if has_database else Basis.PREFIX
    return [_spread(by, _BASES.get(by, network), rows) for by in wanted]


def record_concentrations(*, epoch: int, has_database: bool, at: datetime) -> None:
    """Keep for the epoch how its stake is spread. Call inside the transaction that changes that."""
    present = _present()
    kept = _figures.of(
        has_database,
        present,
        reckon=lambda: list(map(_kept, _spreads(By, present, has_database=has_database))),
    )
    ConcentrationEpoch.objects.bulk_create(
        [ConcentrationEpoch(epoch=epoch, looked_at=at, **figures) for figures in kept],
        update_conflicts=True,
        unique_fields=["epoch", "by"],
        update_fields=_KEPT,
    )


def _spread(by: By, basis: Basis, rows: Sequence[_Row]) -> Spread:
    members = [Member(_key(by, row), row.stake) for row in rows]
    return Spread(by, basis, concentration(members), _names(by, rows))


def known_group(key: str) -> str | None:
    """Of a group's key as it is stored: None where it is unknown."""
    return None if key in ("", Client.UNKNOWN) else key


def _key(by: By, row: _Row) -> str | None:
    return known_group(getattr(row, by))


def _names(by: By, rows: Sequence[_Row]) -> dict[str, str]:
    names: dict[str, str] = {}
    if by in (By.NETWORK, By.OPERATOR):
        for row in rows:
            name = row.network_name if by is By.NETWORK else row.name
            key = _key(by, row)
            if key and name:
                names.setdefault(key, name)
    return names


def _kept(spread: Spread) -> Mapping[str, Any]:
    found = spread.concentration
    # Where nothing is staked nobody is the largest.
    largest = found.groups[0] if found.groups and found.total else None
    return {
        "by": spread.by,
        "basis": spread.basis,
        "total_stake": found.total,
        "groups": len(found.groups),
        "unknown_stake": found.unknown_stake,
        "nakamoto": found.nakamoto,
        "nakamoto_at_least": found.nakamoto_at_least,
        "herfindahl": found.herfindahl,
        "largest_key": largest.key if largest else "",
        "largest_name": spread.names.get(largest.key, "") if largest else "",
        "largest_stake": largest.stake if largest else None,
    }
