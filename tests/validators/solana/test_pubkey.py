import pytest
from hypothesis import given
from hypothesis import strategies as st

from validators.solana.pubkey import ALPHABET, KEY_BYTES, base58_of, encode, is_pubkey


def decoded(text: str) -> bytes:
    """Base58 the slow way, to compare with."""
    number = 0
    for character in text:
        number = number * 58 + ALPHABET.index(character)
    zeros = len(text) - len(text.lstrip("1"))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")


@given(st.binary(min_size=KEY_BYTES, max_size=KEY_BYTES))
def test_every_32_bytes_encode_to_a_pubkey(key: bytes) -> None:
    assert decoded(encode(key)) == key
    assert is_pubkey(encode(key))


@given(st.text(alphabet=ALPHABET, min_size=30, max_size=46))
def test_a_base58_text_is_a_pubkey_exactly_when_it_decodes_to_32_bytes(text: str) -> None:
    assert is_pubkey(text) == (len(decoded(text)) == KEY_BYTES)


@given(st.binary(max_size=40).filter(lambda key: len(key) != KEY_BYTES))
def test_other_lengths_are_no_pubkeys(key: bytes) -> None:
    assert not is_pubkey(encode(key))


@pytest.mark.parametrize(
    "key", [bytes(32), b"\0" * 31 + b"\1", b"\xff" * 32, b"\1" + bytes(31), b"\0" + b"\xff" * 31]
)
def test_the_ends_of_the_range_are_pubkeys(key: bytes) -> None:
    assert is_pubkey(encode(key))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1" * 33,
        "0E9W5kU2fnha9yp4RmFZgNNsRUvy6oKnB9ZyR9LC81Wa",
        "E9W5kU2fnha9yp4RmFZgNNsRUvy6oKnB9ZyR9LC81WaE\n",
        " E9W5kU2fnha9yp4RmFZgNNsRUvy6oKnB9ZyR9LC81WaE",
        "E9W5kU2fnha9yp4RmFZgNNsRUvy6oKnB9ZyR9LC81Wa\u0395",
        "z" * 44,
    ],
)
def test_these_are_no_pubkeys(text: str) -> None:
    assert not is_pubkey(text)


@given(st.binary(max_size=40))
def test_only_32_bytes_have_the_form_of_a_key(raw: bytes) -> None:
    if len(raw) == KEY_BYTES:
        assert base58_of(raw) == encode(raw)
    else:
        with pytest.raises(ValueError, match=f"{len(raw)} bytes are no key"):
            base58_of(raw)
