from django.apps import AppConfig
from django.conf import settings

from scheduling.defaults import SETTINGS


class SchedulingConfig(AppConfig):
    name = "scheduling"
    verbose_name = "Scheduling"

    def ready(self) -> None:
        for name, value in SETTINGS.items():
            if not hasattr(settings, name):
                setattr(settings, name, value)
        from scheduling import checks  # noqa: F401 - registers them
