"""Wiring: settings, addresses, the whole API, everything on one machine, and the acceptance list.

The one place that knows both apps; neither of them ever imports it. Start with `settings`.
"""
