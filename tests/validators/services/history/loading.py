"""Loading a history file as `manage.py import_epochs` does, for its tests."""

import io
import json
from pathlib import Path
from typing import Any

from django.core.management import call_command


def load(path: Path, **options: Any) -> dict[str, Any]:
    """Import; gives the JSON document, with what was said on stderr beside it."""
    out, err = io.StringIO(), io.StringIO()
    call_command("import_epochs", path, json=True, stdout=out, stderr=err, **options)
    document: dict[str, Any] = json.loads(out.getvalue())
    return document | {"stderr": err.getvalue().splitlines()}
