"""What the running system promises, each promise as a check that looks and can fail."""
