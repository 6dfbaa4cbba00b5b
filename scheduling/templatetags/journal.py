"""The journal on pages."""

from django import template

from scheduling.ledger import journal_words

register = template.Library()
register.filter("action_words", journal_words.action_words)
register.filter("journal_words", journal_words.journal_words)
