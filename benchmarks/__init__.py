"""How fast, how large, how soon: measured beside a plain scan and another program."""
