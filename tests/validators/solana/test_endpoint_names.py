"""What endpoints are called: never by what could be a key."""

import pytest

from validators.solana.endpoint_names import (
    Address,
    masked,
    parsed_address,
    public_names,
    tallied_as,
    told_apart,
    without_keys,
)


@pytest.mark.parametrize(
    ("text", "name", "url"),
    [
        ("https://rpc.example.org/", "", "https://rpc.example.org/"),
        (" mine=https://rpc.example.org/?api-key=S ", "mine", "https://rpc.example.org/?api-key=S"),
        ("https://rpc.example.org/?api-key=S", "", "https://rpc.example.org/?api-key=S"),
        ("a.b-c_1=http://127.0.0.1:8899", "a.b-c_1", "http://127.0.0.1:8899"),
        ("two words=http://x", "", "two words=http://x"),
    ],
)
def test_an_address_may_have_a_name_before_it(text: str, name: str, url: str) -> None:
    assert parsed_address(text) == Address(name, url)


def test_a_named_endpoint_is_shown_and_counted_by_its_name() -> None:
    shown = masked("mine=https://user:secret@rpc.example.org/SECRET?key=SECRET")

    assert (shown, tallied_as(shown)) == ("mine", "mine")


def test_another_is_counted_by_its_host_and_port() -> None:
    assert tallied_as(masked("https://user:secret@rpc.example.org:8899/SECRET")) == "rpc.example.org:8899"


@pytest.mark.parametrize("mark", ["/", "?"])
def test_a_password_that_ends_the_host_too_early_is_not_shown(mark: str) -> None:
    shown = masked(f"https://user:pass{mark}word@rpc.example.org:8899/rpc")

    assert "pass" not in shown
    assert "word" not in shown


@pytest.mark.parametrize("password", ["2024/abc", "2024?abc=d", "pa/ss?Qx9=zz", "a/b", "a#b"])
def test_nothing_of_an_address_that_a_password_breaks_off_is_shown(password: str) -> None:
    assert masked(f"https://user:{password}@rpc.example.org/rpc") == "https://***"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Unknown project k-1234", "Unknown project ***"),
        (
            "at https://rpc.example.org/v2/k-1234?api-key=q%2F567",
            "at https://rpc.example.org/v2/***?api-key=***",
        ),
        ("q/567 of ada by s3cret", "*** of ada by ***"),
        ("rpc v2 is gone", "rpc v2 is gone"),
        ("the latest of adam", "the latest of adam"),
    ],
)
def test_what_an_endpoint_says_holds_no_key_of_its_address(said: str, told: str) -> None:
    address = "mine=https://ada:s3cret@rpc.example.org/v2/k-1234?api-key=q%2F567"

    assert without_keys(said, address) == told


def test_those_at_one_host_are_told_apart_by_their_numbers() -> None:
    given = ["https://h/?key=A", "mine=https://h/?key=B", "https://h/?key=C", "https://h/v2/D", "https://i/"]

    apart = told_apart(given)

    names = [masked(address) for address in apart]
    assert names == ["https://h/?key=***", "mine", "endpoint-3", "endpoint-4", "https://i/"]
    public = public_names(apart)
    told = [public[tallied_as(name)] for name in names]
    assert told == ["endpoint 1", "mine", "endpoint-3", "endpoint-4", "endpoint 5"]
    assert [parsed_address(address).url for address in apart] == [
        parsed_address(address).url for address in given
    ]
    assert told_apart(["http://[", "http://["]) == ["http://[", "http://["]
