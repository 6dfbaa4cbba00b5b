"""How the API answers, and what it says of schedules and runs."""
