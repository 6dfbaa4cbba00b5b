from scheduling.modes import JobDeclaration


def greet() -> str:
    """What it returns is kept with its run."""
    return "Good morning"


JOBS = [
    JobDeclaration(
        name="greet",
        task="jobs.greet",
        description="Says good morning",
        every_seconds={"test": 10, "production": 3600},
        start_after_seconds={"test": 1, "production": 60},
    )
]
