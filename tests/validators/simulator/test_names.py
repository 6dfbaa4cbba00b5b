"""The names that simulated validators write: distinct, but for a few that shall be taken for another's."""

from collections import Counter
from typing import Any

from validators.simulator.clock import FIRST_EPOCH
from validators.simulator.cluster import Cluster
from validators.simulator.names import config_accounts
from validators.solana.look_alikes import Named, NameMark, name_marks, skeletons


def test_of_fifteen_hundred_a_few_look_like_a_larger_one() -> None:
    outlooks = Cluster(seed=1, count=1_500).outlooks(FIRST_EPOCH)
    stakes = {one.identity: one.activated_stake for one in outlooks}
    names = {}
    for account in config_accounts(1, outlooks):
        if account.parsed and account.parsed["type"] == "validatorInfo":
            info: Any = account.parsed["info"]
            name, key = info["configData"].get("name"), info["keys"][1]
            if key["signer"] and isinstance(name, str) and "(old)" not in name:
                names[key["pubkey"]] = name

    marks = name_marks(Named(key, key, name, stakes[key]) for key, name in names.items())

    alike = [names[key] for key, mark in marks.items() if mark is NameMark.SAME]
    assert len(names) > 1_200
    assert 3 <= len(alike) <= 20
    forms = Counter(form for name in alike for form in skeletons(name))
    assert max(forms.values()) >= 3
