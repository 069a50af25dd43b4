"""Training data: chunks of recordings on several clocks, read fast and exactly."""
