from django.apps import AppConfig


class StakingProjectConfig(AppConfig):
    name = "staking_project"
    verbose_name = "Staking backend"
