"""What is too much at once is refused in a clear line, on pages as in the API, and without a traceback."""

import json

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db

FORM = "application/x-www-form-urlencoded"
PAGES = ["/", "/admin/login/", "/operations/", "/nothing", "/healthz"]
API = ["/api/v1/validators", "/api/v1/schedules/fetch/pause", "/api/v1/nothing", "/api/openapi.json"]
FILE = b'--b\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\n'
FIELD = b'--b\r\nContent-Disposition: form-data; name="f"\r\n\r\n1\r\n'


@pytest.mark.parametrize("address", [*PAGES, *API])
@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        (b"a=" + b"x" * 3_000_000, FORM, 413, "too_large"),
        (b"{" + b" " * 3_000_000 + b"}", "application/json", 413, "too_large"),
        (FILE + b"x" * 3_000_000 + b"\r\n--b--\r\n", "multipart/form-data; boundary=b", 413, "too_large"),
        (b"a=1&" * 1_000 + b"a=1", FORM, 400, "too_many_fields"),
        (FIELD * 1_001 + b"--b--\r\n", "multipart/form-data; boundary=b", 400, "too_many_fields"),
    ],
    ids=["form", "json", "file", "fields", "parts"],
)
def test_what_is_too_much_to_hear_is_refused(
    client: Client,
    caplog: pytest.LogCaptureFixture,
    address: str,
    body: bytes,
    kind: str,
    status: int,
    code: str,
) -> None:
    response = client.post(address, body, content_type=kind)

    assert response.status_code == status
    said = response.content.decode()
    assert "a request may have" in (json.loads(said)["detail"] if address in API else said)
    assert (json.loads(said)["code"] if address in API else code) == code
    assert caplog.records == []


@pytest.mark.parametrize("address", ["/", "/api/v1/validators"])
def test_too_many_words_in_an_address_are_refused(
    client: Client, caplog: pytest.LogCaptureFixture, address: str
) -> None:
    assert client.get(f"{address}?{'a&' * 1_000}").status_code == 400
    assert client.get(f"{address}?{'search&' * 999}").status_code == 200
    assert caplog.records == []


def test_what_fits_is_heard(client: Client) -> None:
    fields = {"username": "nobody", "password": "x", **{f"f{n}": "1" for n in range(900)}}

    assert client.post("/admin/login/", fields).status_code == 200
    assert client.post("/admin/login/", "&".join(map("=".join, fields.items())), FORM).status_code == 200
