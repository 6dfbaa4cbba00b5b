"""Programs that are not of the runtime: where their accounts lie, and how these are laid out.

No HTTP and no table here: bytes in, our words out. Start with `addresses`, then the program that you
look for.
"""
