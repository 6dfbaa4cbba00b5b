"""History by epoch from files, and to files.

Reading lines, filling gaps and what follows from imported rows live here; live data always win over them.
Start with `importing`.
"""
