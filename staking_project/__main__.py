"""`python -m staking_project`: a command, in whatever way the project was installed."""

import sys

from staking_project.command_line import main
from staking_project.home import NAME

if __name__ == "__main__":
    sys.argv[0] = NAME
    main()
