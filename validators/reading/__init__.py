"""Everything that is asked of the stored picture, by pages, API, admin and commands alike.

Nothing here writes, and nothing here knows of requests or markup. Start with `picture`, then `standings`.
"""
