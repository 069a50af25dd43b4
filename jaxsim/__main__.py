"""`python -m jaxsim` is `jaxsim`."""

from jaxsim.cli.main import entry


if __name__ == "__main__":
    entry()
