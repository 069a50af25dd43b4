"""What sources do, one file each."""
