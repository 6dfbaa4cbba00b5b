"""What gunicorn is told beside its command line: `--config python:staking_project.gunicorn_config`."""

from typing import Any

from scheduling.engine.processes import die_with_parent

# The longest that gunicorn takes: what one holds stands in the address of a selection.
limit_request_line = 8_190


def post_fork(server: Any, worker: Any) -> None:
    """A worker whose master was killed would go on holding the port."""
    die_with_parent(server.pid)
