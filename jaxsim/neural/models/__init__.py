"""Neural masses, one file each."""
