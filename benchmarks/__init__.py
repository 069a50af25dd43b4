"""One script per question; each prints a table, compile time apart from run time."""
