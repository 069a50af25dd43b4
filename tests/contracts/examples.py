"""How every registered kind comes to life in the contract tests.

A new class needs nothing here when it is a step that builds from defaults, or a part
of a family that HOSTS knows. Otherwise the contract fails and says so.
"""

import numpy as np

import jaxsim as js
from tests.contracts import meeg_examples


SHORT = {"duration_s": 0.02, "dt_s": 1e-3}


def network(**parts):
    """A small network in which every parameter is felt."""
    given = {
        "model": js.Wendling(A=5.0, B=25.0, G=15.0),
        "connectome": small_connectome(),
        "coupling": js.LinearCoupling(G=5.0),
        "initial": js.RandomState(),
        "solver": js.Heun(),
        **SHORT,
    }
    return js.Network(**(given | parts))


def small_connectome(**more):
    """Three nodes, asymmetric, with lengths that no rounding puts on a slot."""
    weights = np.array([[0.0, 0.5, 0.2], [1.0, 0.0, 0.3], [0.1, 1.0, 0.0]])
    lengths = np.array([[0.0, 4.1, 7.3], [5.2, 0.0, 9.7], [6.1, 3.4, 0.0]])
    return js.Connectome(weights, lengths, **more)


def blood(**parts):
    """Two samples of BOLD from a network that is recorded every 2 ms."""
    return js.Pipeline(
        network=network(monitor=js.TemporalAverage(period_s=2e-3)),
        haemodynamics=js.Haemodynamics(period_s=0.01, **parts),
    )


def waveform():
    """A stimulus per node, on at once."""
    return js.Waveform(np.linspace(0.0, 50.0, 60).reshape(20, 3), rate_hz=1000.0)


def given():
    """An initial state from two named variables."""
    return js.GivenState(names=("y0", "y1"), values=np.full((2, 3), 0.2))


def leadfield():
    """Two sensors over three nodes."""
    return js.Leadfield(np.array([[1.0, -0.5, 0.2], [0.3, 0.8, -1.0]]), moment_nam=2.0)


def seeing():
    """Three fields that differ, on a screen of a few pixels."""
    return js.ReceptiveFields(
        centre_y_px=[-1.0, 0.4, 0.7],
        centre_x_px=0.3,
        sigma_px=1.3,
        aspect=0.8,
        wavelength_px=[5.0, 4.0, 6.5],
        orientation_deg=[10.0, 50.0, 130.0],
        phase_deg=20.0,
        n_filters=3,
        samples_per_frame=3,
    )


def driven(part):
    """Three cells that see a few frames drive three nodes."""
    frames = 255.0 * np.random.default_rng(0).random((3, 5, 6))
    return js.Pipeline(
        screen=js.GivenScreen(frames, frame_rate_hz=100.0),
        cells=seeing(),
        network=network(stimulus=part),
    )


# family -> the process around a member of it, and the path of the member there
HOSTS = {
    "AbstractModel": (
        lambda part: network(model=part, initial=js.RestState()),
        "model.",
    ),
    "AbstractNoise": (lambda part: network(noise=part), "noise."),
    "AbstractCoupling": (lambda part: network(coupling=part), "coupling."),
    "AbstractSolver": (lambda part: network(solver=part), "solver."),
    "AbstractMonitor": (lambda part: network(monitor=part), "monitor."),
    "AbstractStimulus": (lambda part: network(stimulus=part), "stimulus."),
    "Afferent": (driven, "network.stimulus."),
    "AbstractInitial": (lambda part: network(initial=part), "initial."),
    "Connectome": (lambda part: network(connectome=part), "connectome."),
    "Balloon": (lambda part: blood(balloon=part), "haemodynamics.balloon."),
    "AbstractBoldWeights": (
        lambda part: blood(balloon=js.Balloon(bold_weights=part)),
        "haemodynamics.balloon.bold_weights.",
    ),
}

# checked with every part, so that one without parameters is seen to pass gradients
FELT_BY_ALL = ("model.A", "connectome.speed_m_per_s")

# kinds that cannot be built, or say nothing, without something from outside
EXAMPLES = {
    "Connectome": small_connectome,
    "Network": network,
    "GivenState": given,
    "Waveform": waveform,
    "Leadfield": leadfield,
    "ReceptiveFields": seeing,
    "Afferent": lambda: js.Afferent(np.arange(9.0).reshape(3, 3), gain=0.5),
    "GivenScreen": lambda: js.GivenScreen(np.arange(60.0).reshape(5, 3, 4)),
    "NoiseScreen": lambda: js.NoiseScreen(
        blur_px=0.6, n_px_height=5, n_px_width=4, n_frames=6
    ),
    "Bold": lambda: js.Bold(period_s=0.01),
    "Haemodynamics": lambda: js.Haemodynamics(period_s=0.01),
    "PulseTrain": lambda: js.PulseTrain(start_s=2.3e-3, width_s=5.1e-3, period_s=8e-3),
    "Balloon": js.Balloon,
    **meeg_examples.INSTANCES,
}
