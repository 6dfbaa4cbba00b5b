import gc

from django.apps import AppConfig


class StakingProjectConfig(AppConfig):
    name = "staking_project"
    verbose_name = "Staking backend"

    def ready(self) -> None:
        from staking_project import checks, telemetry  # noqa: F401 - the first registers its checks

        telemetry.start()
        # The models and what they need stay as long as the process: garbage is looked for among the rest.
        gc.freeze()
        gc.enable()
