"""Small processes that show what a step of M/EEG does."""

import jax
import jax.numpy as jnp
import numpy as np

import jaxsim as js
from jaxsim import meeg
from jaxsim.core.declared import get
from jaxsim.meeg import signals
from jaxsim.testing import GivenSignals


SOURCES = np.array([[0.01, 0.02, 0.05], [-0.03, 0.01, 0.04], [0.0, -0.05, 0.01]])
SENSORS = js.meeg.even_layout(4).positions_m
RATE_HZ, N_SAMPLES = 100.0, 24


def sphere_eeg():
    """Three dipoles seen by four electrodes."""
    return js.SphereEeg(SOURCES, SENSORS, js.meeg.radial(SOURCES), n_terms=8)


def sphere_meg():
    """Three dipoles seen by four magnetometers."""
    normals = js.meeg.radial(SENSORS)
    ways = js.meeg.tangential_basis(SOURCES)[..., 0]
    return js.SphereMeg(SOURCES, 1.3 * SENSORS, normals, orientations=ways)


def erp():
    """Two active of three locations, in a short epoch."""
    return js.ErpSources(
        n_locations=3,
        n_active=2,
        tmin_s=-0.1,
        tmax_s=0.4,
        rate_hz=100.0,
        shortest_samples=30,
        high_hz=8.0,
    )


def measured():
    """A made-up recording of two sensors, with its leadfield."""
    gain = js.Leadfield(np.array([[1.0, -0.5, 0.2], [0.3, 0.8, -1.0]]))
    values = np.sin(np.arange(24.0).reshape(12, 2))
    return meeg.MeasuredField(gain, values, rate_hz=RATE_HZ)


def sensed(values=None):
    """A made-up field, as the first step of a process."""
    if values is None:
        values = jax.random.normal(jax.random.key(6), (N_SAMPLES, 4))
    clock = js.Clock(jnp.zeros(()), RATE_HZ)
    return GivenSignals((js.Series(values, clock, signals.FIELD),), ("field",))


def moments(n_components=1):
    """Made-up activity of three locations in nAm, the second of them active."""
    shape = (N_SAMPLES, 3 * n_components)
    values = jax.random.normal(jax.random.key(7), shape)
    clock = js.Clock(jnp.asarray(-0.05), RATE_HZ)
    activity = js.Series(values, clock, signals.ACTIVITY)
    active = js.Series(jnp.asarray([False, True, False]), None, signals.ACTIVE)
    return GivenSignals((activity, active), ("activity", "active"))


def estimated():
    """Moments, made-up estimates of them, and how sure these are."""
    given = moments()
    activity = given.series[0]
    found = activity.values + jax.random.normal(jax.random.key(8), (N_SAMPLES, 3))
    more = {
        "estimate": js.Series(found, activity.clock, signals.ESTIMATE),
        "posterior_blocks": js.Series(
            jnp.ones((3, 1, 1)), None, signals.POSTERIOR_BLOCKS
        ),
        "source_positions": js.Series(jnp.asarray(SOURCES), None, signals.POSITIONS),
    }
    return GivenSignals((*given.series, *more.values()), ("activity", "active", *more))


def behind(given, step):
    """A step behind what is given."""
    return {"given": given, "it": step}, "it"


def referenced():
    """An average reference behind all that it refers."""
    noise = js.SensorNoise()
    steps = {"given": moments(), "eeg": sphere_eeg(), "noise": noise}
    return steps | {"it": meeg.AverageReference()}, "it"


# kind -> an instance, where its needs can be made up
INSTANCES = {
    "ErpSources": erp,
    "MeasuredField": measured,
    "GaussianSources": lambda: meeg.GaussianSources(n_locations=3, rate_hz=30.0),
}

# kind -> the steps of a process that shows it, and its own name among them
STEPS = {
    "SphereEeg": lambda: behind(moments(), sphere_eeg()),
    "SphereMeg": lambda: behind(moments(), sphere_meg()),
    "MovingHead": lambda: behind(
        moments(),
        meeg.MovingHead(
            sphere_meg(),
            shift_m=((0.0, 0.001, 0.002), (0.003, 0.0, 0.001)),
            rotation_deg=((1.0, 2.0, 3.0), (0.0, -2.0, 1.0)),
        ),
    ),
    "GaussianErp": lambda: behind(
        moments(),
        meeg.GaussianErp(
            latency_jitter_s=0.01, amplitude_jitter_nam=1.0, trial=2.0, locations=(2, 0)
        ),
    ),
    "ErspSources": lambda: behind(
        moments(2),
        meeg.ErspSources(
            latency_s=0.06, width_s=0.12, lowest=0.2, direction=(0.6, 0.8)
        ),
    ),
    "ArSources": lambda: behind(moments(), meeg.ArSources(lead_samples=9)),
    "BackgroundSources": lambda: behind(moments(2), meeg.BackgroundSources()),
    "Patches": lambda: behind(moments(2), meeg.Patches(SOURCES, radius_m=0.05)),
    "SensorNoise": lambda: behind(sensed(), js.SensorNoise(snr_db=3.0)),
    "AverageReference": referenced,
    "Blinks": lambda: behind(
        sensed(),
        meeg.Blinks((1.0, 0.5, -0.2, 0.1), rate_per_min=600.0, duration_s=0.1),
    ),
    "Heartbeats": lambda: behind(sensed(), meeg.Heartbeats(rate_bpm=120.0)),
    "Muscles": lambda: behind(
        sensed(), meeg.Muscles(rate_per_min=600.0, duration_s=0.13)
    ),
    "LineNoise": lambda: behind(sensed(), meeg.LineNoise(frequency_hz=15.0)),
    "Drift": lambda: behind(sensed(), meeg.Drift()),
    "ElectrodePops": lambda: behind(sensed(), meeg.ElectrodePops(rate_per_min=600.0)),
    "BadChannels": lambda: behind(
        sensed(), meeg.BadChannels(noise_std=2.0, sensors=(1, 3))
    ),
    "SourceScores": lambda: behind(estimated(), meeg.SourceScores()),
}


def meeg_process(kind):
    """An instance of a kind of M/EEG, a process that shows it, and its path there."""
    steps, name = STEPS[kind]()
    process = js.Pipeline(**steps)
    return get(process, name), process, (f"{name}.",)
