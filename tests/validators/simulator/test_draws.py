import pytest
from hypothesis import given
from hypothesis import strategies as st

from validators.simulator import draws


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"", ""),
        (b"\0\0", "11"),
        (b"Hello World!", "2NEpo7TZRRrLZSi2U"),
        (bytes(32), "11111111111111111111111111111111"),
        (bytes.fromhex("0000287fb4cd"), "11233QC4"),
    ],
)
def test_base58_agrees_with_the_published_vectors(raw: bytes, text: str) -> None:
    assert (draws.base58(raw), draws.base58_decoded(text)) == (text, raw)


@given(st.binary(max_size=40))
def test_base58_reads_back_what_it_wrote(raw: bytes) -> None:
    assert draws.base58_decoded(draws.base58(raw)) == raw


@pytest.mark.parametrize("text", ["0", "O", "I", "l", "abc def", "é"])
def test_text_outside_the_alphabet_is_not_base58(text: str) -> None:
    assert draws.base58_decoded(text) is None


@given(st.integers(), st.text())
def test_the_same_labels_draw_the_same_and_stay_in_range(label: int, word: str) -> None:
    drawn = draws.between(2.0, 3.0, label, repr(word))

    assert drawn == draws.between(2.0, 3.0, label, repr(word))
    assert 2.0 <= drawn <= 3.0
