"""The same verbs typed at a prompt: `jaxsim run wendling --set network.model.B=40`."""

from jaxsim.cli.main import main as main
