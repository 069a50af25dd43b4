"""Small processes in which every parameter of a step of imaging is felt."""

import numpy as np

import jaxsim as js
from jaxsim.imaging.bleaching import Bleaching, GlobalBleaching
from jaxsim.imaging.calcium import Calcium, HillCalcium
from jaxsim.imaging.illumination import Illumination
from jaxsim.imaging.miniscope import Miniscope
from jaxsim.imaging.neurons import PlaceNeurons
from jaxsim.imaging.spikes import MarkovSpikes
from jaxsim.imaging.spikes_from_outside import GivenSpikes, PoissonSpikes


def tiny_scope(**more):
    """A few pixels of 2 um, ten frames."""
    size = {"n_px_height": 24, "n_px_width": 20, "n_frames": 10}
    return Miniscope(
        magnification=4.0, pixel_pitch_um=8.0, margin_px=2, **(size | more)
    )


def tiny_cells(**more):
    """A few cells, and places that stay empty."""
    given = {"density_per_mm3": 2e5, "depth_bottom_um": 5.0, "soma_radius_um": 4.0}
    sizes = {"max_cells": 30, "stamp_px": 12}
    return PlaceNeurons(**(given | sizes | more))


def given_cells():
    """Three cells whose places are known, none of them on a pixel's middle."""
    return tiny_cells(positions_um=[[3.0, 5.3, 4.4], [4.0, -9.2, 6.7], [9.0, 0.3, 0.7]])


def placed(**more):
    """Cells, and nothing that they do."""
    return js.Pipeline(miniscope=tiny_scope(), neurons=tiny_cells(**more))


def spiking(step=None, **more):
    """Cells that spike; by default as often as they can, so that a trace moves."""
    step = step or MarkovSpikes(opening_hz=5.0, spike_sim_hz=60.0, lead_s=0.2)
    return js.Pipeline(
        miniscope=tiny_scope(), neurons=given_cells(), spikes=step, **more
    )


def given_spikes():
    """Three cells whose spikes are known."""
    counts = np.zeros((10, 3))
    counts[2, 0] = counts[4, 1] = counts[5, 2] = 3.0
    return GivenSpikes(counts, spike_sim_hz=60.0)


def calcium(kind=Calcium, **more):
    """Traces of given spikes."""
    return js.Pipeline(
        miniscope=tiny_scope(), spikes=given_spikes(), calcium=kind(**more)
    )


def of_network():
    """Cells that follow three nodes."""
    network = js.Network(
        model=js.Wendling(A=5.0, B=25.0, G=15.0),
        connectome=js.Connectome(0.2 * np.ones((3, 3)), np.zeros((3, 3))),
        duration_s=0.6,
        dt_s=1e-3,
    )
    return js.Pipeline(
        miniscope=tiny_scope(),
        neurons=given_cells(),
        network=network,
        spikes=PoissonSpikes(
            gain_hz=2.0, rest_hz=20.0, spike_sim_hz=60.0, estimator="expected"
        ),
    )


def bleached(step):
    """Cells that bleach so fast that ten frames show it."""
    return js.Pipeline(
        miniscope=tiny_scope(),
        illumination=Illumination(centre_y_um=3.0, centre_x_um=2.0),
        neurons=given_cells(),
        spikes=given_spikes(),
        calcium=Calcium(),
        bleaching=step,
    )


# kind -> a process that shows it
CELLS = {
    "PlaceNeurons": lambda: placed(morphology="cytosolic", stamp_px=44, max_cells=2),
    "MarkovSpikes": lambda: spiking(),
    "PoissonSpikes": of_network,
    "GivenSpikes": lambda: js.Pipeline(miniscope=tiny_scope(), spikes=given_spikes()),
    "Calcium": lambda: calcium(tau_jitter=0.2),
    "HillCalcium": lambda: calcium(HillCalcium),
    "Bleaching": lambda: bleached(
        Bleaching(susceptibility_per_s=0.3, turnover_s=5.0, start=0.9)
    ),
    "GlobalBleaching": lambda: bleached(GlobalBleaching()),
}
