"""The rule sets in use: read again when a file of them is another one."""

from functools import lru_cache
from pathlib import Path

from django.conf import settings

from validators.rules.files import SHIPPED, RuleSets, read_rule_sets

# (path, nanoseconds of its last change, bytes)
_Stamp = tuple[str, int, int]


def rule_sets() -> RuleSets:
    """The shipped ones and those of RULES_DIR, as the files are now."""
    folder = Path(settings.RULES_DIR) if settings.RULES_DIR else None
    return _read(folder, _stamps(SHIPPED), _stamps(folder))


@lru_cache(maxsize=2)
def _read(folder: Path | None, shipped: tuple[_Stamp, ...], mine: tuple[_Stamp, ...]) -> RuleSets:
    return read_rule_sets(folder)


def _stamps(folder: Path | None) -> tuple[_Stamp, ...]:
    found = []
    for path in sorted(folder.glob("*.toml")) if folder else ():
        try:
            stat = path.stat()
        except OSError:
            continue
        found.append((str(path), stat.st_mtime_ns, stat.st_size))
    return tuple(found)
