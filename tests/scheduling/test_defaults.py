"""A project that uses this app alone has to say nothing but its jobs, its tasks and its queue."""

import re
from pathlib import Path

from django.conf import global_settings, settings
from django.utils.module_loading import import_string

from scheduling.defaults import SETTINGS

ITS_OWN = {"SCHEDULED_JOBS", "TASK_MODULES", "Q_CLUSTER"}


def test_every_setting_that_this_app_reads_has_a_default() -> None:
    files = (Path(settings.BASE_DIR) / "scheduling").rglob("*.py")
    read = {name for path in files for name in re.findall(r"\bsettings\.([A-Z_]{3,})\b", path.read_text())}

    assert len(read) > 20
    assert read - set(SETTINGS) - ITS_OWN - set(dir(global_settings)) == set()
    assert set(SETTINGS) - read == set()


def test_every_function_that_a_default_names_is_there() -> None:
    lists = [SETTINGS["RETENTION_TASKS"], SETTINGS["METRICS"], SETTINGS["ALERT_RULES"].values()]

    for path in (
        *(one for paths in lists for one in paths),
        SETTINGS["API_ENVELOPE"],
        SETTINGS["PUBLIC_TEXT"],
    ):
        assert callable(import_string(path))
