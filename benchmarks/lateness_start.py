"""When the first occurrences of the benchmark of lateness lie; importable without settings."""

# Seconds: by then the clusters are up, on a busy machine too.
START_AFTER = 15
