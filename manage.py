#!/usr/bin/env python
"""Django's command-line entry point, of a checkout; `staking-backend` is the same where pip installed it."""

from staking_project.command_line import main

if __name__ == "__main__":
    main()
