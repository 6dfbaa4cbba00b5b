"""Numbers as people read them, and small drawings, for templates and sentences.

Formatting lives here and no query ever does. Start with `units`.
"""
