"""Which names may be taken for another's."""

# ruff: noqa: RUF001 - letters that look like others are what this is about

import pytest

from validators.solana.look_alikes import Named, NameMark, mixes_alphabets, name_marks, skeletons

LIKE = [
    ("Solana", "SоIana"),
    ("Solana", "S0LANA"),
    ("FIGMENT", "FlGMENT"),
    ("Figment", "FlGMENT"),
    ("Figment", "Figrnent"),
    ("wave", "vvave"),
    ("Chorus One", "Chorus.One"),
    ("Everstake", "Everstake ✅"),
    ("Everstake", "Eνerstake"),
    ("СОЛНЦЕ", "солнце"),
    ("Café", "Cafe"),
    ("Jito", "𝐉𝐢𝐭𝐨"),
    ("Jito", "Ｊito"),
    ("Jito", "Jitօ"),
    ("Jito", "Ꭻito"),
    ("P2P", "Ρ2Ρ"),
    ("Google", "Gooɡle"),
    ("Marinade", "Marınade"),
    ("Pool 1", "Pool l"),
    ("🔥🔥", "🔥🔥"),
]
UNLIKE = [("Blue", "Glue"), ("Pool 1", "Pool 2"), ("A", "B"), ("🔥", "💧"), ("Kiln", "Kraken")]


@pytest.mark.parametrize(("name", "other"), LIKE)
def test_what_looks_the_same_shares_a_skeleton(name: str, other: str) -> None:
    assert skeletons(name) & skeletons(other)


@pytest.mark.parametrize(("name", "other"), UNLIKE)
def test_what_does_not_shares_none(name: str, other: str) -> None:
    assert not skeletons(name) & skeletons(other)


@pytest.mark.parametrize(
    ("name", "mixed"),
    [
        ("Laine", False),
        ("Lаine", True),
        ("Солнце Staking", False),
        ("東京Validator", False),
        ("Ωmega", True),
        ("𝐉ito", False),
        ("", False),
    ],
)
def test_alphabets_are_mixed_within_a_word(name: str, mixed: bool) -> None:
    assert mixes_alphabets(name) == mixed


def test_the_one_with_less_stake_is_marked_unless_it_is_of_the_same_identity() -> None:
    marks = name_marks(
        [
            Named("large", "a", "Figment", 100),
            Named("sister", "a", "Figment", 50),
            Named("copy", "b", "Figrnent", 60),
            Named("tie", "c", "Kiln", 5),
            Named("tied", "d", "Kiln", 5),
            Named("alone", "e", "Lаine", 1),
            Named("nameless", "f", "", 1),
            Named("nobody", "g", "", 2),
        ]
    )

    assert marks == {"copy": NameMark.SAME, "alone": NameMark.MIXED}
