from django.apps import AppConfig


class ValidatorsConfig(AppConfig):
    name = "validators"
    verbose_name = "Validators"

    def ready(self) -> None:
        # Registers the checks.
        from validators import checks  # noqa: F401
