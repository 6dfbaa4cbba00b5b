"""The documentation: pages in Markdown, and what writes the parts of it that code knows better."""
