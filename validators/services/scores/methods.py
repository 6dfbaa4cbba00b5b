"""Which coefficients a method scores with: the shipped ones, or an accepted refit of them."""

from collections.abc import Sequence
from functools import lru_cache

from validators.models import Refit
from validators.scoring.facts import ScoringMethod
from validators.scoring.registry import METHODS
from validators.scoring.trust_v2 import method as trust_v2
from validators.scoring.trust_v3 import method as trust_v3
from validators.scoring.trust_v3.tables import earlier_tables, tables

# Between the shipped version that was refitted and what tells the refit.
REFITTED = "+"


def methods_in_use(names: Sequence[str]) -> list[ScoringMethod]:
    """The methods of those names, each with its newest accepted refit of the version that is shipped now."""
    return [_in_use(METHODS[name]) for name in names]


def method_of(name: str, version: str) -> ScoringMethod | None:
    """The method that a run of that version was made with, or as it is shipped where that is not known.

    None where there is no such method.
    """
    method = METHODS.get(name)
    if method is None or version == method.version:
        return method
    if REFITTED not in version:
        return _earlier(method, version) or method
    try:
        return _refitted(name, version)
    except Refit.DoesNotExist:
        return method


def _earlier(method: ScoringMethod, version: str) -> ScoringMethod | None:
    if method is trust_v2.METHOD:
        return trust_v2.BEFORE if version == trust_v2.BEFORE.version else None
    found = earlier_tables(version) if method is trust_v3.METHOD else None
    return None if found is None else trust_v3.method_with(found)


def _in_use(method: ScoringMethod) -> ScoringMethod:
    # Only these coefficients can be refitted so; a refit of an older version beat only that one.
    if method is not trust_v3.METHOD:
        return method
    of_this_version = Refit.objects.accepted().filter(
        method=method.name, version__startswith=method.version + REFITTED
    )
    version = of_this_version.order_by("-pk").values_list("version", flat=True).first()
    return method if version is None else method_of(method.name, version) or method


# Reading hundreds of trees takes a tenth of a second; what a version names never changes.
@lru_cache(maxsize=4)
def _refitted(name: str, version: str) -> ScoringMethod:
    kept = Refit.objects.accepted().get(method=name, version=version)
    return trust_v3.method_with(tables(kept.coefficients or {}))
