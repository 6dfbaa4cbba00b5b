"""What the API says of validators, their scores and the cluster."""
