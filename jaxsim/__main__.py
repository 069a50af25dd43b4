"""`python -m jaxsim` is `jaxsim`."""

import sys

from jaxsim.cli.main import main


if __name__ == "__main__":
    sys.exit(main())
