"""A second PostgreSQL that follows the first one, by streaming replication, and can take its place."""

import shutil
import subprocess
from pathlib import Path

from tests.faults.servers import Postgres

# A commit is on both disks, and whoever asks the standby next finds it.
WAIT_FOR_BOTH = (
    "ALTER SYSTEM SET synchronous_standby_names = '*'",
    "ALTER SYSTEM SET synchronous_commit = remote_apply",
    "SELECT pg_reload_conf()",
)


class Standby(Postgres):
    """Follows a primary that runs, which from `follow` on waits at each commit until it is here too."""

    def __init__(self, folder: Path, primary: Postgres) -> None:
        folder.mkdir()
        folder.chmod(0o755)  # PostgreSQL runs as a user of its own when we are root
        self.primary = primary
        super().__init__(folder, host=primary.host)

    def _fill(self) -> None:
        self.data.chmod(0o700)
        shutil.chown(self.data, self._server.system_user or self.data.owner())
        source = ["-h", self.primary.host, "-p", str(self.primary.port), "-U", "postgres"]
        self._run("pg_basebackup", "-D", str(self.data), "-R", "-c", "fast", *source)

    def _run(self, program: str, *words: str) -> None:
        done = subprocess.run(
            [str(self._server.bin_path / program), *words],
            user=self._server.system_user,
            cwd=self.folder,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{program}: {done.stderr}"

    def follow(self) -> None:
        self.start()
        self.wait_until_ready()
        with self.primary.connect() as database:
            for statement in WAIT_FOR_BOTH:
                database.execute(statement)

    def take_its_place(self) -> None:
        """The primary is gone for good; this answers at its address, as behind one that is moved."""
        self._run("pg_ctl", "promote", "-w", "-D", str(self.data))
        self.stop_immediately()
        self.port = self.primary.port
        self.start()
        self.wait_until_ready()
