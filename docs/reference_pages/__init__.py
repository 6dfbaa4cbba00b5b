"""The pages of docs/reference/, written from the code, and code that other pages show.

No sentence about the product is kept here: it stands beside what it is about, in
`staking_project/variables.py`, a command's help, a metric's description, a view's docstring. Start with
`writing.py`.
"""
