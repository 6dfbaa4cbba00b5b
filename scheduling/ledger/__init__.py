"""The runs as they are kept: asked, told as stories, counted, shown as documents and pruned.

Questions and history live here; nothing here decides when a run starts or whether all is well.
Start with `selectors`.
"""
