"""How stake is spread over networks, countries, addresses, clients and operators, in words and numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings

from validators.figures import decimal
from validators.models import ConcentrationEpoch, NetworkDatabase
from validators.services.concentrations import Spread, spreads
from validators.templatetags.units import fraction_percent, grouped

By = ConcentrationEpoch.By
Basis = ConcentrationEpoch.Basis

# One of these and many of them.
NOUNS: Final[Mapping[By, tuple[str, str]]] = {
    By.NETWORK: ("network", "networks"),
    By.COUNTRY: ("country", "countries"),
    By.ADDRESS: ("address", "addresses"),
    By.CLIENT: ("client", "clients"),
    By.OPERATOR: ("operator", "operators"),
}
_PREFIXES: Final = ("address range", "address ranges")
_CAVEATS: Final[Mapping[Basis, str]] = {
    Basis.PREFIX: "A range is a /24, of IPv6 a /48. That hides the truth: one network has many of them, so "
    "stake is more concentrated than this says.",
    Basis.EVIDENCE: "One operator's are those that share a withdraw authority, an identity or a collector, "
    "or a name at one address. Who hides it counts as several.",
}
# Of whom it is not known, why: by what told nothing.
_UNTOLD: Final[Mapping[Basis, str]] = {
    Basis.ASN: "gossip tells no address, or the database of networks does not know it",
    Basis.DATABASE: "gossip tells no address, or the database of networks does not know it",
    Basis.PREFIX: "gossip tells no address of the internet",
    Basis.EVIDENCE: "the vote account was not read yet",
}
NEVER_LOOKED: Final = "no look at the nodes has succeeded yet"
_NOT_IN_GOSSIP: Final[Mapping[By, str]] = {
    By.ADDRESS: "gossip tells none of the internet",
    By.CLIENT: "gossip does not tell it",
}
_OF_REGISTRY: Final = "By the file of iptoasn.com, a country is where the network is registered."


@dataclass(frozen=True, slots=True)
class ToldSpread:
    """A spread, in which epoch it is, who told of it, and what it comes to in sentences."""

    spread: Spread
    epoch: int | None
    sources: Sequence[str]
    said: Sequence[str]


def concentrations(epoch: int | None, wanted: Sequence[By] = tuple(By)) -> list[ToldSpread]:
    """As the validators are now, in that epoch. Two queries."""
    database = network_database()
    return [
        ToldSpread(one, epoch, _sources(one, database), list(filter(None, _said(one, database))))
        for one in spreads(wanted, has_database=bool(database and database.mark))
    ]


def network_database() -> NetworkDatabase | None:
    """What was read last of the files of ASN_DATABASE; None before the first look at the nodes."""
    return NetworkDatabase.objects.first()


def concentration_epochs(by: str, *, before: int | None, limit: int) -> list[ConcentrationEpoch]:
    """Of one kind, newest epoch first."""
    found = ConcentrationEpoch.objects.filter(by=by).order_by("-epoch")
    if before is not None:
        found = found.filter(epoch__lt=before)
    return list(found[:limit])


def kept_since(epoch: int) -> list[ConcentrationEpoch]:
    """Of all kinds, later than an epoch, newest first."""
    return list(ConcentrationEpoch.objects.filter(epoch__gt=epoch).order_by("-epoch"))


def no_database_said(database: NetworkDatabase | None) -> str:
    """Why networks are not told by one, or not by the newest; empty where they are."""
    if database is not None and database.mark:
        stays = (
            "The database of networks could not be read when that was tried last; networks stay as they were."
        )
        return stays if database.problem else ""
    if not settings.ASN_DATABASE:
        return "There is no database of networks (ASN_DATABASE)."
    if database is not None and database.problem:
        return "The database of networks (ASN_DATABASE) could not be read."
    return "The database of networks (ASN_DATABASE) was not read yet: the next look at the nodes does."


def nouns(spread: Spread) -> tuple[str, str]:
    return _PREFIXES if spread.basis is Basis.PREFIX else NOUNS[spread.by]


def _sources(spread: Spread, database: NetworkDatabase | None) -> list[str]:
    """Who tells: methods of the endpoint, and files."""
    files = [_file(one) for one in database.files] if database else []
    if spread.by is By.OPERATOR:
        return ["getMultipleAccounts", "getVoteAccounts", "getProgramAccounts", "getClusterNodes"]
    needs_files = spread.basis in (Basis.ASN, Basis.DATABASE)
    return ["getClusterNodes", *(files if needs_files else [])]


def _file(one: Mapping[str, Any]) -> str:
    made = f" of {one['made_at'][:10]}" if one["made_at"] else ""
    says = f" ({one['says']})" if one["says"] else ""
    return f"{one['name']}{says}{made}"


def _said(spread: Spread, database: NetworkDatabase | None) -> list[str]:
    found, many = spread.concentration, nouns(spread)[1]
    said = [_fewest_said(spread), _unknown_said(spread, database)]
    if spread.by is By.COUNTRY:
        kinds = {file["kind"] for file in database.files} if database else set()
        said.append(_OF_REGISTRY if "iptoasn" in kinds else "")
    if found.groups and len(found.groups) > 1 and found.herfindahl:
        # What is unknown may be anybody's, and only make it less even.
        begun = "At most as even as" if found.unknown_stake else "As even as"
        said.append(f"{begun} {decimal(1 / found.herfindahl, 1)} {many} of one size.")
    if spread.by in (By.NETWORK, By.COUNTRY):
        said.append(no_database_said(database))
    return [*said, _CAVEATS.get(spread.basis, "")]


def _fewest_said(spread: Spread) -> str:
    found, (one, many) = spread.concentration, nouns(spread)
    if not found.groups or found.largest_share is None:
        return ""
    largest = found.groups[0]
    # Names are strangers' words, and stand beside the keys in tables alone.
    called = f", {largest.key}," if spread.by in (By.NETWORK, By.COUNTRY, By.ADDRESS) else ""
    holds = f"The largest {one}{called} holds {fraction_percent(found.largest_share)} of the stake"
    if found.nakamoto is None:
        return f"{holds}; all {many} that are known hold no more than a third together."
    if found.nakamoto == 1:
        return f"{holds}, which alone is more than a third."
    return f"{holds}; {grouped(found.nakamoto)} {many} hold more than a third together."


def _unknown_said(spread: Spread, database: NetworkDatabase | None) -> str:
    found, one = spread.concentration, nouns(spread)[0]
    if not found.unknown_stake:
        return ""
    share = fraction_percent(found.unknown_share)
    why = _NOT_IN_GOSSIP.get(spread.by) or _UNTOLD[spread.basis]
    if database is None and spread.by is not By.OPERATOR:
        why = NEVER_LOOKED
    elif database is not None and spread.basis is Basis.DATABASE and not database.mark:
        # Said after it, and gossip is not to blame.
        why = ""
    unknown = f"Of {share} of the stake the {one} is not known" + (f" ({why})" if why else "")
    if found.nakamoto_at_least is None or found.nakamoto_at_least == found.nakamoto:
        return f"{unknown}."
    fewest = grouped(found.nakamoto_at_least)
    return f"{unknown}: if all of it were the largest's, {fewest} would be enough for more than a third."
