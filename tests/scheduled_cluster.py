"""`python -m tests.scheduled_cluster MODE`: `scheduler setup MODE`, then `qcluster`, in one process.

Most tests of clusters need both, and starting Python and Django takes longer than the set-up itself.
"""

import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    execute_from_command_line(["manage.py", "scheduler", "setup", *sys.argv[1:]])
    execute_from_command_line(["manage.py", "qcluster"])
