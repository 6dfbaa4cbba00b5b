from django.apps import AppConfig


class StakingProjectConfig(AppConfig):
    name = "staking_project"
    verbose_name = "Staking backend"

    def ready(self) -> None:
        from staking_project import telemetry

        telemetry.start()
