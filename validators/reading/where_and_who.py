"""Where a validator's node is, and who runs it, in sentences with their evidence."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Count, Q, Sum

from scheduling.wording import counted
from validators.models import SourceState, Validator
from validators.reading.concentration import NEVER_LOOKED, network_database, no_database_said
from validators.solana.operators import Common, Strength
from validators.templatetags.units import fraction_percent, grouped

_WORDS: Final = {
    Common.WITHDRAW_AUTHORITY: "The same withdraw authority (or one's is another's identity)",
    Common.IDENTITY: "The same identity",
    Common.COLLECTOR: "The same collector (or one's is a key of another)",
    Common.NAME_AND_ADDRESS: "The same name at the same address",
    Common.NAME: "The same name, which anybody may write",
    Common.ADDRESS: "The same address, which many may share",
}
_DOUBT: Final = "weak: joins nobody by itself"


@dataclass(frozen=True, slots=True)
class Shared:
    """What it has in common with others: in words, what is shared, with whom, and how many more."""

    said: str
    shared: str
    others: Sequence[Validator]
    more: int


@dataclass(frozen=True, slots=True)
class WhereAndWho:
    """Both in a line, a sentence or two on each, and the strong evidence before the weak."""

    short: str
    where: str
    who: str
    evidence: Sequence[Shared]


def where_and_who(validator: Validator, nodes: SourceState | None) -> WhereAndWho:
    """As the rows tell of it, and `nodes` when gossip was heard last. Three queries."""
    sizes = _sizes(validator)
    return WhereAndWho(
        f"{_place(validator)}; {_company(validator, sizes)}.",
        _where_said(validator, sizes, nodes),
        _who_said(validator, sizes),
        _evidence(validator),
    )


def _place(validator: Validator) -> str:
    """The beginning of a sentence."""
    if not validator.address:
        return "Where its node is, is not known"
    name = f" ({validator.network_name})" if validator.network_name else ""
    place = f"In {validator.network}{name}" if validator.network else "In a network that is not known"
    return f"{place}, {validator.country}" if validator.country else place


def _yet(validator: Validator) -> str:
    """Nobody looks at who has left."""
    return "before it left" if validator.left_at else "yet"


def _company(validator: Validator, sizes: dict[str, Any]) -> str:
    """The end of a sentence."""
    if not validator.operator:
        return "who runs it is not known" + ("" if validator.left_at else " yet")
    if sizes["operator_count"] < 2 or validator.left_at:
        return "nothing strong joins it with another validator"
    return f"one of {grouped(sizes['operator_count'])} validators of one operator"


def _sizes(validator: Validator) -> dict[str, Any]:
    """How many are of its network and operator, with their stake and that of all."""
    of = {"network": Q(network=validator.network), "operator": Q(operator=validator.operator)}
    numbers = {f"{name}_count": Count("pk", filter=which) for name, which in of.items()}
    staked = {f"{name}_stake": Sum("activated_stake", filter=which) for name, which in of.items()}
    return Validator.objects.present().aggregate(**numbers, **staked, all_stake=Sum("activated_stake"))


def _where_said(validator: Validator, sizes: dict[str, Any], nodes: SourceState | None) -> str:
    database = network_database()
    if not validator.address and validator.left_at:
        return "Where its node is, is not known: nobody told before it left."
    if not validator.address:
        why = NEVER_LOOKED if database is None else "gossip tells no address of the internet"
        heard_at = nodes.last_success_at if nodes else None
        if heard_at is not None and heard_at < validator.first_seen_at:
            why = "we have not heard gossip since it came"
        return f"Where its node is, is not known: {why}."
    at = f"By gossip in epoch {validator.address_epoch} its node is at {validator.address}"
    if database is None or not database.mark:
        within = f", in the range {validator.network}" if validator.network else ""
        return (
            f"{at}{within}{_held(validator, sizes, 'network') if within else ''}. Which network and country "
            f"that is, is not known. {no_database_said(database)}"
        )
    files = " and ".join(one["name"] for one in database.files)
    country = f"its country is {validator.country}" if validator.country else "its country is not known"
    if not validator.network:
        return f"{at}. By {files} its network is not known, and {country}."
    name = f" ({validator.network_name})" if validator.network_name else ""
    held = _held(validator, sizes, "network")
    return f"{at}. By {files} {country}, and its network is {validator.network}{name}{held}."


def _who_said(validator: Validator, sizes: dict[str, Any]) -> str:
    if not validator.operator:
        return f"Who runs it is not known: its vote account was not read {_yet(validator)}."
    if sizes["operator_count"] < 2 or validator.left_at:
        return "No strong evidence joins it with another validator."
    share = _share(sizes, "operator")
    return f"It is one of {grouped(sizes['operator_count'])} validators of one operator{share}."


def _held(validator: Validator, sizes: dict[str, Any], name: str) -> str:
    if validator.left_at:
        return ""
    number = sizes[f"{name}_count"]
    return f", of {counted(number, 'validator')}{_share(sizes, name)}"


def _share(sizes: dict[str, Any], name: str) -> str:
    held, total = sizes[f"{name}_stake"], sizes["all_stake"]
    return f" with {fraction_percent(held / total)} of the stake" if held and total else ""


def _evidence(validator: Validator) -> list[Shared]:
    named = {key for one in validator.operator_evidence for key in one["vote_accounts"]}
    known = {one.vote_account: one for one in Validator.objects.filter(vote_account__in=named)}
    found = []
    for one in validator.operator_evidence:
        others = [known[key] for key in one["vote_accounts"] if key in known]
        doubt = f" ({_DOUBT})" if one["strength"] == Strength.WEAK else ""
        said = _WORDS[Common(one["common"])] + doubt
        found.append(Shared(said, one["shared"], others, one["others"] - len(others)))
    return found
