"""Neural masses, how they are connected, and what becomes of them in time."""
