"""What is wrong with the endpoints, as the last questions showed."""

from typing import Final

from django.conf import settings
from django.db.models import Q, QuerySet

from scheduling.monitoring.panels import Panel
from scheduling.wording import counted
from validators.models import EndpointState, Fetch
from validators.models.by_bytes import ByBytes
from validators.solana.endpoint_names import masked, public_names, publicly
from validators.solana.plausibility import Kind
from validators.solana.text import unquoted

LONGEST_SHOWN: Final = 160
# Questions in a row that came to nothing; a blink of an endpoint fails a few sources at once.
SEVERAL: Final = 5
_DOUBTED: Final = Q(failures__gt=0) & ~Q(doubt="")
_UNANSWERING: Final = Q(failures__gte=SEVERAL, doubt="")


def standing_chain() -> str:
    """Say so when the slot has not moved since the newest fetch, as everybody says who answered."""
    newest = Fetch.objects.newest()
    standing = _doubted().filter(doubt=Kind.STANDING.value)
    if newest is None or not standing.exists():
        return ""
    if configured_endpoints().filter(plausible_at__gt=newest.stored_at, doubt="", failures=0).exists():
        return ""
    names = ", ".join(publicly(name, known_names()) for name in standing.values_list("name", flat=True))
    since = f"{newest.still_since:%Y-%m-%d %H:%M}Z"
    verb = "stands" if standing.count() == 1 else "stand"
    return f"The slot has not moved since {since}: {names} {verb} at {newest.absolute_slot}."


def unknown_chain() -> str:
    """Say so when nobody has told anything of the chain yet, or nobody answers any more."""
    asked = configured_endpoints()
    if not Fetch.objects.exists() and not asked.filter(plausible_at__isnull=False).exists():
        return "Unknown: no endpoint has given a usable answer yet."
    if asked.exists() and not asked.exclude(_UNANSWERING).exists():
        return "Unknown: no endpoint gives a usable answer."
    return ""


def doubted_endpoints() -> dict[str, str]:
    """A sentence, for anybody, by public name of each endpoint whose last answer could not be true.

    Those that stand where everybody does are not wrong: that is `standing_chain`.
    """
    doubted = _doubted().order_by(ByBytes("name"))
    if standing_chain():
        doubted = doubted.exclude(doubt=Kind.STANDING.value)
    names = known_names()
    return {publicly(state.name, names): _sentence(state, names) for state in doubted}


def unanswering_endpoints() -> list[str]:
    """A sentence, for anybody, of each endpoint that gave no answer several times in a row."""
    names = known_names()
    return [
        f"{publicly(state.name, names)} gave no usable answer, {state.failures} times in a row: "
        f"{_cause(state, names)}."
        for state in configured_endpoints().filter(_UNANSWERING).order_by(ByBytes("name"))
    ]


def endpoints_panel() -> Panel | None:
    """How each endpoint has been, for staff; None before the first was asked."""
    states, names = configured_endpoints().order_by("failures", ByBytes("name")), known_names()
    rows = [
        (
            _staff_name(state.name, names),
            f"{state.plausible_at:%Y-%m-%d %H:%M:%S}" if state.plausible_at else "never",
            "" if state.plausible_slot is None else str(state.plausible_slot),
            "" if state.slots_behind is None else str(state.slots_behind),
            str(state.failures),
            state.last_error.partition("\n")[0][:LONGEST_SHOWN] if state.failures else "",
        )
        for state in states
    ]
    columns = ("endpoint", "last plausible answer", "slot", "slots behind", "failures in a row", "last error")
    return Panel(title="endpoints", columns=columns, rows=rows) if rows else None


def configured_endpoints() -> QuerySet[EndpointState]:
    """Without those that were taken out of the settings; all, where this process is told of none."""
    names = [masked(address) for address in settings.SOLANA_RPC_URLS]
    return EndpointState.objects.filter(name__in=names) if names else EndpointState.objects.all()


def public_text(text: str) -> str:
    """A text of ours without the addresses of endpoints, and without what they said."""
    return publicly(unquoted(text), public_names(settings.SOLANA_RPC_URLS))


def known_names() -> dict[str, str]:
    """What each is called in public; in the order they were first asked where no setting tells one."""
    addresses = settings.SOLANA_RPC_URLS or EndpointState.objects.order_by("pk").values_list(
        "name", flat=True
    )
    return public_names(list(addresses))


def _staff_name(stored: str, names: dict[str, str]) -> str:
    public = publicly(stored, names)
    return stored if stored == public else f"{public}: {stored}"


def _doubted() -> QuerySet[EndpointState]:
    return configured_endpoints().filter(_DOUBTED)


def _sentence(state: EndpointState, names: dict[str, str]) -> str:
    name = publicly(state.name, names)
    if state.doubt == Kind.BEHIND and state.slots_behind:
        best = configured_endpoints().filter(failures=0, plausible_slot__isnull=False)
        other = best.order_by("-plausible_slot").values_list("name", flat=True).first()
        behind = f"behind {publicly(other, names)}" if other else "behind the last good look"
        return f"{name} is {counted(state.slots_behind, 'slot')} {behind}."
    return f"{name} gives answers that cannot be true: {publicly(unquoted(state.last_error), names)}."


def _cause(state: EndpointState, names: dict[str, str]) -> str:
    """Of its last failure, without its name and the method, which begin the text of each."""
    _, _, cause = state.last_error.partition("\n")[0].removeprefix(f"{state.name} ").partition(": ")
    return publicly(unquoted(cause or state.last_error), names).rstrip(".")[:LONGEST_SHOWN]
