"""Everything that writes to this app's tables."""
