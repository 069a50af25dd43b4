"""Training data: chunks of recordings on several clocks, and streams without end."""
