"""The validators for assistants, over the Model Context Protocol."""

import socket
from argparse import ArgumentParser
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management.base import CommandError

from scheduling.management.command import WRONG_USAGE, OperatorCommand
from scheduling.management.options import given
from scheduling.wording import pip_install
from staking_project.api import VERSION

DEFAULT_HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 8765
LARGEST_PORT: Final = 65_535
SHORTEST_TOKEN: Final = 32
MISSING: Final = f"It needs the SDK of the Model Context Protocol: {pip_install('-r requirements-mcp.txt')}"


class Command(OperatorCommand):
    help = (
        "Answers assistants over the Model Context Protocol, on stdin and stdout or, with --http, over HTTP."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--http", action="store_true", help="Serve streamable HTTP at /mcp.")
        parser.add_argument(
            "--host",
            type=given,
            metavar="ADDRESS",
            help=f"With --http: where to listen ({DEFAULT_HOST}).",
        )
        parser.add_argument("--port", type=int, metavar="N", help=f"With --http: its port ({DEFAULT_PORT}).")
        parser.add_argument(
            "--token-file",
            type=Path,
            metavar="FILE",
            help="With --http: who asks must bear the token in this file; required on other than loopback.",
        )

    def handle(self, *args: Any, http: bool, **options: Any) -> None:
        try:
            import_module("mcp")
        except ImportError as exc:
            raise CommandError(MISSING) from exc
        if http:
            self._serve_http(options["host"] or DEFAULT_HOST, options["port"], options["token_file"])
            return
        useless = [name for name in ("host", "port", "token_file") if options[name] is not None]
        if useless:
            problem = f"--{useless[0].replace('_', '-')} is of use with --http alone."
            raise CommandError(problem, returncode=WRONG_USAGE)
        _serve_stdio()

    def _serve_http(self, host: str, port: int | None, token_file: Path | None) -> None:
        # Here, because the SDK is optional.
        from validators.assistants.http import PATH, application, is_loopback, serve_http
        from validators.assistants.server import server

        token = _token(token_file) if token_file else ""
        if not (token or is_loopback(host)):
            problem = f"--host {host} can be reached from elsewhere: that needs --token-file."
            raise CommandError(problem, returncode=WRONG_USAGE)
        if port is not None and not 0 <= port <= LARGEST_PORT:
            raise CommandError(f"--port must be from 0 to {LARGEST_PORT}.", returncode=WRONG_USAGE)
        listening = _listening(host, DEFAULT_PORT if port is None else port)
        shown = f"[{host}]" if ":" in host else host
        self.stderr.write(f"Assistants are answered at http://{shown}:{listening.getsockname()[1]}{PATH}")
        names = {shown, *settings.ALLOWED_HOSTS}
        serve_http(application(server(VERSION), names=names, token=token), listening)


def _serve_stdio() -> None:
    # Here, because the SDK is optional.
    import anyio

    from validators.assistants.server import serve_stdio, server

    try:
        anyio.run(serve_stdio, server(VERSION))
    except KeyboardInterrupt:
        return


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except (OSError, ValueError) as exc:
        raise CommandError(f"Cannot listen on {host}, port {port}: {exc}") from exc


def _token(path: Path) -> str:
    try:
        token = path.read_text().strip()
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "no text in UTF-8"
        raise CommandError(f"Cannot read {path}: {reason}.", returncode=WRONG_USAGE) from exc
    if len(token) < SHORTEST_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
        raise CommandError(
            f"{path} holds no token: one line of {SHORTEST_TOKEN} characters or more, no spaces.",
            returncode=WRONG_USAGE,
        )
    return token
