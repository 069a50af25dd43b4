"""What is recorded though no brain made it, one file each."""
