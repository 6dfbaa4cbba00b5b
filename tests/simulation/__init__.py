"""The real dispatcher, claims, execution, leases, recovery and operations, under a seeded simulation.

Every process is a greenlet that yields at each statement, each bell and each look at the clock; a seed says
who goes on, what fails and when. Nothing of the product is rewritten: the clock, the kernel and Redis are
played (`playing.py`), the database is SQLite. Start with `world.py`; `__main__.py` tries seeds.
"""
