"""When the occurrences of the benchmark of lateness lie; importable without settings."""

# Seconds: by then the clusters are up, on a busy machine too.
START_AFTER = 15
# Seconds between two fetches, and two scores, of --validators.
HEAVY_EVERY = 10
