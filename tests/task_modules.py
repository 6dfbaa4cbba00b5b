"""Where the tests' own tasks are, for the settings that tests run with."""

TASK_MODULES = [
    "scheduling.tasks",
    "validators.tasks",
    "tests.faults.effects",
    "tests.faults.hard",
    "tests.faults.tasks",
    "tests.faults.test_bad_endings",
    "tests.faults.test_neighbours_that_refuse",
    "tests.faults.test_what_passes",
    "tests.faults.test_what_tasks_leave",
    "tests.scheduling.effects",
    "tests.scheduling.tasks",
    "tests.staking_project.test_logs",
]
