"""Numbers as the explanations write them."""

import pytest

from validators.scoring.wording import risk_percent, share_percent, sol, voted


@pytest.mark.parametrize(
    ("risk", "text"),
    [(0.00046, "0.05 %"), (0.0123, "1.2 %"), (0.218, "22 %"), (0.9956, "over 99 %"), (1.0, "100 %")],
)
def test_a_risk_is_never_rounded_to_certainty(risk: float, text: str) -> None:
    assert risk_percent(risk) == text


@pytest.mark.parametrize(
    ("share", "text"), [(0.0, "0 %"), (0.0001, "0.01 %"), (0.95, "95 %"), (0.9996, "99.96 %"), (1.0, "100 %")]
)
def test_a_share_of_nearly_all_is_not_all(share: float, text: str) -> None:
    assert share_percent(share) == text


def test_stake_is_cut_to_whole_sol_as_on_every_page() -> None:
    assert [sol(stake) for stake in (2_568_623.9, 1, 0.4)] == ["2,568,623 SOL", "1 SOL", "less than 1 SOL"]


def test_only_what_lacks_something_is_below() -> None:
    said = [voted(shortfall, "then") for shortfall in (0.0, 0.0003, 1.0)]
    assert said == [
        "voted as the cluster did then, or better",
        "voted 0.03 % below the cluster then",
        "no vote of it counted then",
    ]
