"""Files of networks: the two kinds, several at once, and what is wrong with others."""

import gzip
import os
import random
from pathlib import Path
from typing import Any

import pytest

from tests.validators.networks.mmdb_writer import mmdb
from validators.networks import tsv
from validators.networks.database import describe, look_up, mark_of
from validators.networks.exceptions import NetworksError
from validators.networks.places import NOWHERE, Place

ADDRESSES = ("192.0.2.1", "192.0.2.200", "198.51.100.9", "203.0.113.5", "2001:db8::1")
TSV = """0.0.0.0\t0.0.0.255\t0\tNone\tNot routed
192.0.2.0\t192.0.2.255\t64496\tDE\tSOME-AS Some GmbH
192.0.2.192\t192.0.2.223\t64499\tFR\tWithin
198.51.100.0\t198.51.100.255\t0\tNone\tNot routed

# A note.
2001:db8::\t2001:db8:ffff:ffff:ffff:ffff:ffff:ffff\t64497\tUS\tOTHER
"""
FOUND = {
    "192.0.2.1": Place(64496, "SOME-AS Some GmbH", "DE"),
    "192.0.2.200": Place(64499, "Within", "FR"),
    "198.51.100.9": NOWHERE,
    "203.0.113.5": NOWHERE,
    "2001:db8::1": Place(64497, "OTHER", "US"),
}


def written(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def asn(number: int, name: str) -> dict[str, Any]:
    return {"autonomous_system_number": number, "autonomous_system_organization": name}


def test_the_tsv_of_iptoasn_plain_or_packed_or_with_numbers(tmp_path: Path) -> None:
    plain = written(tmp_path / "any.name", TSV)
    packed = written(tmp_path / "ip2asn.tsv.gz", gzip.compress(TSV.encode()))
    numbers = written(tmp_path / "u32.tsv", "3221225984\t3221226239\t64496\tDE\tSOME-AS Some GmbH\n")
    os.utime(plain, (1_790_000_000, 1_790_000_000))

    assert look_up([plain], ADDRESSES) == look_up([packed], ADDRESSES) == FOUND
    assert look_up([numbers], ADDRESSES[:1]) == {"192.0.2.1": FOUND["192.0.2.1"]}
    assert describe(plain).as_dict() == {
        "name": "any.name",
        "kind": "iptoasn",
        "says": "iptoasn",
        "bytes": len(TSV),
        "made_at": "2026-09-21T14:13:20+00:00",
    }


def test_an_mmdb_and_what_one_file_does_not_know_the_next_may(tmp_path: Path) -> None:
    networks = {"192.0.2.0/25": asn(64496, "Some"), "2001:db8::/32": asn(64497, "Other")}
    first = written(tmp_path / "asn.mmdb", mmdb(networks))
    countries = {
        "192.0.2.0/24": {"country": {"iso_code": "DE"}},
        "203.0.113.0/24": {"country": {"iso_code": "NL"}},
    }
    second = written(tmp_path / "country.mmdb", mmdb(countries, kind="Test-Country", ip_version=4))

    assert look_up([first, second], ADDRESSES) == {
        "192.0.2.1": Place(64496, "Some", "DE"),
        "192.0.2.200": Place(country="DE"),
        "198.51.100.9": NOWHERE,
        "203.0.113.5": Place(country="NL"),
        "2001:db8::1": Place(64497, "Other"),
    }
    about = describe(first)
    assert (about.kind, about.says, about.made_at) == ("mmdb", "Test-ASN", "2026-09-21T14:13:20+00:00")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it has no line"),
        (b"PK\x03\x04 a zip", "neither an MMDB nor the TSV of iptoasn.com"),
        (gzip.compress(b"PK\x03\x04 no tsv", mtime=0), "neither an MMDB nor the TSV"),
        ("network,autonomous_system_number\n1.0.0.0/24,13335\n", "line 1: .*network,auto"),
        ("1.0.0.0\t1.0.0.255\t13335\tUS\n", "write start, end, AS number, country and name"),
        ("1.0.0.255\t1.0.0.0\t13335\tUS\tCLOUDFLARE\n", "is no range"),
        ("1.0.0.0\t2001:db8::\t13335\tUS\tCLOUDFLARE\n", "is no range"),
        ("1.0.0.0\t1.0.0.255\tmany\tUS\tCLOUDFLARE\n", "is no range"),
        (gzip.compress(TSV.encode(), mtime=0)[:30], "ends early or is damaged"),
        (b"\xab\xcd\xefMaxMind.com", "its MMDB is damaged"),
        ("x" * 100_000, "is no range"),
    ],
)
def test_a_file_of_no_known_kind_is_refused_in_a_line(tmp_path: Path, content: Any, said: str) -> None:
    path = written(tmp_path / "networks", content)

    with pytest.raises(NetworksError, match=f"^networks.*{said}") as refused:
        describe(path)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there_or_too_large_or_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(
        NetworksError, match=r"^nowhere: No such file or directory; name a file that this user"
    ):
        describe(tmp_path / "nowhere")
    with pytest.raises(NetworksError, match="it is no file"):
        describe(tmp_path)
    large = tmp_path / "large"
    with large.open("wb") as stream:
        stream.truncate(2 * 1024**3 + 1)
    with pytest.raises(NetworksError, match="more than 2 GiB"):
        describe(large)
    bomb = written(tmp_path / "bomb.gz", gzip.compress(TSV.encode() * 20))
    monkeypatch.setattr(tsv, "LARGEST_TEXT", 2_000)
    with pytest.raises(NetworksError, match="unpacked it has more than"):
        look_up([bomb], ADDRESSES)


def test_a_name_that_is_no_utf8_and_a_mark_before_the_text_spoil_no_range(tmp_path: Path) -> None:
    lines = "\ufeff192.0.2.0\t192.0.2.255\t64496\tBR\t".encode(), "Telefônica\r\n".encode("latin-1")
    path = written(tmp_path / "a.tsv", b"".join(lines))

    assert describe(path).kind == "iptoasn"
    place = look_up([path], ["192.0.2.1"])["192.0.2.1"]
    assert (place.network, place.name, place.country) == ("AS64496", "Telef\ufffdnica", "BR")


def test_a_damaged_line_is_told_by_its_number(tmp_path: Path) -> None:
    path = written(tmp_path / "late.tsv", TSV + "1.0.0.0\t1.0.0")

    assert describe(path).kind == "iptoasn"
    with pytest.raises(NetworksError, match=r"late.tsv, line 8: '1.0.0.0\\t1.0.0' is no range"):
        look_up([path], ADDRESSES)


def test_a_mark_is_another_with_another_file(tmp_path: Path) -> None:
    path = written(tmp_path / "a.tsv", TSV)
    mark = mark_of([path])

    assert mark_of([path]) == mark
    os.replace(written(tmp_path / "b.tsv", TSV), path)
    assert mark_of([path]) != mark
    with pytest.raises(NetworksError, match="No such file"):
        mark_of([path, tmp_path / "gone"])


def test_a_damaged_mmdb_ends_in_answers_or_one_line(tmp_path: Path) -> None:
    chance = random.Random(18)
    sound = mmdb({"192.0.2.0/24": asn(64496, "Some"), "2001:db8::/32": asn(64497, "Other")})
    path, lines = tmp_path / "damaged.mmdb", []
    for _ in range(400):
        damaged = bytearray(sound)
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        path.write_bytes(damaged[: chance.choice([len(damaged)] * 3 + [chance.randrange(1, len(damaged))])])
        try:
            describe(path)
            found = look_up([path], ADDRESSES)
        except NetworksError as exc:
            found = dict.fromkeys(ADDRESSES, NOWHERE)
            lines.append(str(exc))
        assert found.keys() == set(ADDRESSES)
    assert 50 < len(lines) < 400
    assert not any("\n" in line for line in lines)
