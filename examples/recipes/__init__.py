"""One file for each thing that an installation may want to have of its own; see docs/recipes."""
