"""A difference is told with its units."""

from validators.services.history.agreement import Agreement, Difference


def test_a_difference_is_told_in_units() -> None:
    found = Agreement()
    found.count(Difference("vote1", 990, "commission", 5_000, 0), agrees=False)
    found.count(Difference("vote1", 990, "mev commission_bps", 800, 1_050), agrees=False)
    found.count(Difference("vote1", 990, "activated_stake", 12_000, 7), agrees=False)
    found.count(Difference("vote1", 990, "version", "4.2.1", "4.2.2"), agrees=False)
    assert found.lines()[-4:] == [
        "  vote1 in epoch 990: commission 50 %, known as 0 %",
        "  vote1 in epoch 990: mev commission 8 %, known as 10.5 %",
        "  vote1 in epoch 990: activated stake 12,000 lamports, known as 7 lamports",
        "  vote1 in epoch 990: version 4.2.1, known as 4.2.2",
    ]
