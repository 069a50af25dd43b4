"""The cards that several imaging steps share."""

from jaxsim.core.signal import Signal


MOVIE = Signal("time y x", "1", "light that reaches each pixel", observed=True)
POSITION = Signal("cell axis", "um", "z (below the surface), y, x (from the axis)")
FOOTPRINT = Signal("cell y x", "1", "each cell before any optics, around its centre")
SPIKES = Signal("time cell", "1", "spikes per frame")
TRACE = Signal("time cell", "1", "fluorescence of each cell, in units of its rest")
EXPRESSION = Signal("cell", "1", "indicator that each cell expresses, mean 1")
SHIFT = Signal("time axis", "px", "how far the tissue lies down and to the right")
FIELD = Signal("y x", "1", "light that is left at each pixel")
CANVAS = Signal("", "", "sizes and scales of the recording")
