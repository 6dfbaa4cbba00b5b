"""Who silences a check by its id silences no other one."""

import re
from collections import Counter
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent
APPS = ("scheduling", "staking_project", "validators")


def test_no_two_checks_have_one_id() -> None:
    sources = [path.read_text() for app in APPS for path in (PROJECT / app).rglob("*.py")]
    ids = Counter(re.findall(r'id="([a-z]+\.[EW]\d{3})"', "".join(sources)))

    assert "scheduling.E001" in ids
    assert [one for one, times in ids.items() if times > 1] == []
