"""Every tick is a sample."""

from jaxsim.neural.monitors.subsample import AbstractLast


class EverySample(AbstractLast):
    """The value after every step of the integrator."""
