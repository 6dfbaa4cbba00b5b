"""Names of time zones: one of each, and the right one in the error."""

from zoneinfo import ZoneInfo, available_timezones

import pytest

from scheduling.exceptions import CadenceError
from scheduling.timing.zones import require_canonical


@pytest.mark.parametrize("name", ["UTC", "Europe/Zurich", "Europe/Amsterdam", "Asia/Kolkata", "Etc/GMT+5"])
def test_a_zone_is_known_by_its_name(name: str) -> None:
    require_canonical(name)


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("US/Eastern", "America/New_York"),
        ("Asia/Calcutta", "Asia/Kolkata"),
        ("posix/Europe/Zurich", "Europe/Zurich"),
        ("right/Europe/Zurich", "Europe/Zurich"),
        ("europe/zurich", "Europe/Zurich"),
        ("Zulu", "UTC"),
        ("localtime", "it like Europe/Zurich"),
        ("Factory", "it like Europe/Zurich"),
        ("EST5EDT", "it like Europe/Zurich"),
        ("../../etc/passwd", "it like Europe/Zurich"),
        ("", "it like Europe/Zurich"),
    ],
)
def test_any_other_name_is_refused_with_the_one_to_write(name: str, instead: str) -> None:
    with pytest.raises(CadenceError, match=f"; write {instead}\\.$"):
        require_canonical(name)


def is_accepted(name: str) -> bool:
    try:
        require_canonical(name)
    except CadenceError:
        return False
    return True


def test_whatever_is_accepted_is_a_zone_here() -> None:
    accepted = [name for name in available_timezones() if is_accepted(name)]

    assert len(accepted) > 400
    assert all(ZoneInfo(name) for name in accepted)
