"""What people do to jobs: set them up, change, pause, trigger, backfill and retry them.

Each function checks, changes and notes who did it, in one transaction; commands, pages and API call them and
have no rules of their own. Start with `setting_up` for all jobs, `changing` for one.
"""
