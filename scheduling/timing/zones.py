"""The names that time zones go by: of each one, as the IANA lists them; what else a system has is refused.

Names for compatibility (`US/Eastern`), with leap seconds (`right/…`) and of this machine (`localtime`) mean
something else on another host, or later. Stored ones go on working: see `crontab.zone_named`.
"""

from functools import lru_cache
from importlib.resources import files

from scheduling.exceptions import CadenceError

_PREFIXES = ("posix/", "right/")


def require_canonical(name: str) -> None:
    """Raise `CadenceError`, with the name to write instead where there is one."""
    if name == "UTC" or name in _zones():
        return
    instead = _instead_of(name)
    hint = f"write {instead}" if instead else "write it like Europe/Zurich"
    raise CadenceError(f"There is no time zone {name[:64]!r}; {hint}.")


def _instead_of(name: str) -> str:
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    found = _links().get(name, name)
    same = {zone.lower(): zone for zone in (*_zones(), "UTC")}
    found = same.get(found.lower(), "")
    return "UTC" if found == "Etc/UTC" else found


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    """One of each country, and those of the sea: what is not there is a former name, or an abbreviation."""
    listed = {line.split("\t")[2] for table in ("zone.tab", "zone1970.tab") for line in _lines(table)}
    defined = {line.split()[1] for line in _lines("tzdata.zi") if line.startswith("Z ")}
    return frozenset(listed | {zone for zone in defined if "/" in zone})


@lru_cache(maxsize=1)
def _links() -> dict[str, str]:
    """Former names, to what they lead to in the end."""
    links = {
        name: target
        for _, target, name in (line.split() for line in _lines("tzdata.zi") if line.startswith("L "))
    }
    return {name: links.get(target, target) for name, target in links.items()}


def _lines(name: str) -> list[str]:
    text = files("tzdata").joinpath("zoneinfo", name).read_text(encoding="utf-8")
    return [line.rstrip() for line in text.splitlines() if line and not line.startswith("#")]
