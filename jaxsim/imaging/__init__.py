"""One-photon calcium movies: a microscope, the cells under it, and their truth."""

from jaxsim.imaging.miniscope import Miniscope as Miniscope
