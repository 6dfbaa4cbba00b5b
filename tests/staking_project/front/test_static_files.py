"""Style sheets and scripts: compressed once, without a step that would do it before."""

import gzip

import brotli
import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from staking_project.front.compression import compressed

ADDRESS = "/static/scheduling/operations.css"


def test_they_are_compressed_and_are_the_same(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = client.get(ADDRESS).getvalue()
    made: list[str] = []

    def counted(content: bytes, coding: str, *, of_a_file: bool) -> bytes:
        made.append(coding)
        return compressed(content, coding, of_a_file=of_a_file)

    monkeypatch.setattr("staking_project.front.static_files.compressed", counted)

    for coding, undo in (("br", brotli.decompress), ("gzip", gzip.decompress)) * 2:
        answer = client.get(ADDRESS, headers={"Accept-Encoding": coding})
        assert (answer.headers["Content-Encoding"], undo(answer.content)) == (coding, plain)
        assert int(answer.headers["Content-Length"]) == len(answer.content) < len(plain) / 2
        assert "Accept-Encoding" in answer.headers["Vary"]
        assert answer.headers["Content-Type"] == 'text/css; charset="utf-8"'

    assert made == ["br", "gzip"]


@pytest.mark.parametrize("coding", ["br", "gzip", ""])
def test_an_unchanged_one_is_a_304(client: Client, coding: str) -> None:
    tag = client.get(ADDRESS, headers={"Accept-Encoding": coding}).headers["ETag"]
    assert tag.startswith("W/") == bool(coding)

    for tags, status in ((tag, 304), (f'W/"x", {tag}', 304), ("*", 304), ('W/"x", "y"', 200)):
        again = client.get(ADDRESS, headers={"Accept-Encoding": coding, "If-None-Match": tags})

        assert again.status_code == status, tags


def test_what_is_asked_for_in_part_or_by_head_is_as_before(client: Client, settings: Settings) -> None:
    plain = client.get(ADDRESS).getvalue()
    part = client.get(ADDRESS, headers={"Accept-Encoding": "br", "Range": "bytes=0-1"})
    head = client.head(ADDRESS, headers={"Accept-Encoding": "br"})

    assert (part.status_code, part.getvalue()) == (206, plain[:2])
    assert (head.status_code, "Content-Length" in head.headers) == (200, False)
    assert client.get(ADDRESS, headers={"Accept-Encoding": "zstd"}).getvalue()
