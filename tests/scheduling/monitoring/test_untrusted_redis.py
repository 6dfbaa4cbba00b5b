"""A Redis behind TLS whose certificate nobody vouches for answers, and is not talked to."""

import errno
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from scheduling.monitoring.refusals import redis_problem


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """Of a server that shakes hands by a certificate of its own making, and then ends."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path / "redis.pem"))
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=shake_hands, args=(server, context))
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def self_signed(file: Path) -> Path:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    unlocked = serialization.NoEncryption()
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, unlocked)
    certificate = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    file.write_bytes(key.private_bytes(*form) + certificate)
    return file


def shake_hands(server: socket.socket, context: ssl.SSLContext) -> None:
    with suppress(OSError):
        while True:
            asking, _ = server.accept()
            with suppress(OSError), context.wrap_socket(asking, server_side=True):
                pass


def test_what_is_wrong_is_its_certificate_and_what_helps_is_said(port: int) -> None:
    with pytest.raises(redis.ConnectionError) as caught:
        redis.Redis.from_url(f"rediss://localhost:{port}/0").ping()

    assert redis_problem(caught.value) == (
        "Redis takes no messages: its certificate is not trusted, or of another name "
        "(?ssl_ca_certs=FILE names an authority of yours)."
    )


def test_a_file_of_ours_that_is_gone_is_not_a_redis_that_is_away(port: int, tmp_path: Path) -> None:
    with pytest.raises(redis.ConnectionError) as caught:
        redis.Redis.from_url(f"rediss://localhost:{port}/0?ssl_ca_certs={tmp_path / 'ca.pem'}").ping()

    assert redis_problem(caught.value) == (
        "Redis takes no messages: a file that REDIS_URL names, its socket or one for TLS, is not there."
    )


def test_what_the_system_forbids_may_be_a_connection_as_well_as_a_file(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rule of a firewall on this host says so, and SELinux does."""

    def forbidden(self: socket.socket, address: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr("socket.socket.connect", forbidden)
    with pytest.raises(redis.ConnectionError) as caught:
        redis.Redis.from_url(f"redis://127.0.0.1:{port}/0").ping()

    assert redis_problem(caught.value) == (
        "Redis takes no messages: the system forbids it: a file that REDIS_URL names may not be read, "
        "or a firewall is between."
    )
