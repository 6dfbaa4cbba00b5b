"""What a method's scores would have been worth: measures of foresight and of returns.

Everything is computed from recorded epochs handed in; reading files and tables is the business of
`services.scores.recorded`. Start with `running`.
"""
