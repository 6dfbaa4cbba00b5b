"""The operations page, forms for schedules, and the addresses that machines ask.

Views resolve what was asked, call one function of another room and render; no query that another page needs
and no rule about jobs lives here. Start with `views` and `dashboard_views`.
"""
