"""Loading a history file as `manage.py import_epochs` does, for its tests."""

import io
import json
from pathlib import Path
from typing import Any

from django.core.management import CommandError, call_command


def load(path: Path, **options: Any) -> dict[str, Any]:
    """Import; gives the JSON document, with what was said on stderr beside it."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    try:
        call_command("import_epochs", path, json=True, stdout=out, stderr=err, **options)
    except CommandError as exc:
        if not out.getvalue():  # the file is refused as a whole
            raise
        code = exc.returncode
    document: dict[str, Any] = json.loads(out.getvalue())
    assert code == int(document["rejected_count"] > 0)
    return document | {"stderr": err.getvalue().splitlines()}
