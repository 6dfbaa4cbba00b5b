"""Files to start from: recipes to drop in, a bot, another project. Each is run by a test in `tests/docs`."""
