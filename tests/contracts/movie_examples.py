"""Small processes that show what a step of a movie does, each as short as it can be."""

import jax
import jax.numpy as jnp
import numpy as np

import jaxsim as js
from jaxsim import imaging as im
from jaxsim.core.declared import get
from jaxsim.imaging.signals import FIELD, MOVIE
from jaxsim.testing import GivenSignals
from tests.contracts.imaging_examples import CELLS


N_FRAMES, FOV, MARGIN = 7, (12, 14), 9
POSITIONS = np.array([[30.3, -3.2, 4.1], [52.1, 5.3, -6.2], [81.7, 1.1, 2.3]])


def scope(**more):
    """A curved, small microscope."""
    size = {"n_px_height": FOV[0], "n_px_width": FOV[1], "margin_px": MARGIN}
    given = {"magnification": 2.0, "field_curvature_radius_um": 500.0} | size
    return im.Miniscope(n_frames=N_FRAMES, **(given | more))


def cells():
    """Three cells in known places."""
    return im.PlaceNeurons(positions_um=POSITIONS, soma_radius_um=3.1, stamp_px=16)


def two_populations():
    """Cells in known places, and a few that are drawn, spike and glow."""
    drawn = im.PlaceNeurons(density_per_mm3=9e4, max_cells=4, stamp_px=28)
    return im.Populations(known=cells(), drawn=drawn)


def optics(**more):
    """From the microscope to the image of each cell."""
    steps = {
        "miniscope": scope(),
        "neurons": cells(),
        "focus": im.GivenFocus(depth_um=61.0),
        "optics": im.Optics(),
    }
    return steps | more


def rendered(**more):
    """From the microscope to light on the canvas."""
    counts = np.random.default_rng(0).poisson(0.4, (N_FRAMES, 3)).astype(float)
    lit = {"spikes": im.GivenSpikes(counts), "calcium": im.Calcium()}
    return optics(**lit, render=im.Render(patches=((64, 0),)), **more)


def by_yield():
    """Cells of which some stand out, seen where most do."""
    counts = np.random.default_rng(0).poisson(0.4, (N_FRAMES, 3)).astype(float)
    return {
        "miniscope": scope(),
        "illumination": im.Illumination(),
        "neurons": cells(),
        "spikes": im.GivenSpikes(counts),
        "calcium": im.Calcium(),
        "focus": im.MostDetected(electrons_per_unit=3e3),
        "optics": im.Optics(),
    }


def after_movie(name, step, canvas=False, field=False):
    """A frame step behind a made-up movie."""
    height, width = FOV
    if canvas:
        height, width = height + 2 * MARGIN, width + 2 * MARGIN

    def made_up(shape, card):
        values = 20.0 + 10.0 * jax.random.uniform(jax.random.key(6), shape)
        clock = js.Clock(jnp.zeros(()), 20.0) if card.timed else None
        return js.Series(values, clock, card)

    needs = {"movie": made_up((N_FRAMES, height, width), MOVIE)}
    if field:
        needs["illumination"] = made_up(FOV, FIELD)
    given = GivenSignals(tuple(needs.values()), tuple(needs))
    return {"miniscope": scope(), "given": given, name: step}


def path():
    """A path of whole and broken pixels."""
    along = np.linspace(-5.3, 6.1, 2 * N_FRAMES).reshape(-1, 2)
    return im.GivenMotion(trajectory_um=along)


def whole_sensor():
    """A sensor with all that real ones have."""
    return im.ImageSensor(
        readout="relaxed",
        photons_per_unit=3.0,
        dark_current_e_per_s=200.0,
        exposure_s=0.04,
        prnu=0.05,
        dsnu_e=2.0,
        row_noise_e=1.5,
    )


# kind -> the steps of a process that shows it, and its own name among them
STEPS = {
    "Miniscope": lambda: (rendered(), "miniscope"),
    "Illumination": lambda: (
        {
            "miniscope": scope(),
            "illumination": im.Illumination(centre_y_um=1.0, centre_x_um=-2.0),
        },
        "illumination",
    ),
    "Populations": lambda: (
        {"miniscope": scope(), "populations": two_populations()},
        "populations",
    ),
    "GivenFocus": lambda: (optics(), "focus"),
    "LeastDefocus": lambda: (optics(focus=im.LeastDefocus()), "focus"),
    "MostDetected": lambda: (by_yield(), "focus"),
    "Optics": lambda: (optics(), "optics"),
    "Render": lambda: (rendered(), "render"),
    "Neuropil": lambda: (
        rendered(neuropil=im.Neuropil(spatial_sigma_um=6.0)),
        "neuropil",
    ),
    "Vessels": lambda: (rendered(vessels=im.Vessels(depth_um=20.0)), "vessels"),
    "StillTissue": lambda: (after_movie("motion", im.StillTissue(), True), "motion"),
    "GivenMotion": lambda: (after_movie("motion", path(), True), "motion"),
    "WalkMotion": lambda: (
        after_movie("motion", im.WalkMotion(subframes=2), True),
        "motion",
    ),
    "OscillatorMotion": lambda: (
        after_movie("motion", im.OscillatorMotion(amplitude_um=4.0), True),
        "motion",
    ),
    "Illuminate": lambda: (
        after_movie("illuminate", im.Illuminate(), field=True),
        "illuminate",
    ),
    "Vignette": lambda: (
        after_movie("vignette", im.Vignette(centre_y_um=1.0, centre_x_um=2.0)),
        "vignette",
    ),
    "Leakage": lambda: (after_movie("leakage", im.Leakage()), "leakage"),
    "ImageSensor": lambda: (
        after_movie("sensor", whole_sensor()),
        "sensor",
    ),
}


def imaging_process(kind):
    """An instance of an imaging kind, a process that shows it, and its path there."""
    if kind in CELLS:
        process = CELLS[kind]()
        kinds = [type(step).__name__ for step in process.steps]
        name = process.names[kinds.index(kind)]
        return get(process, name), process, (f"{name}.",)
    steps, name = STEPS[kind]()
    return steps[name], js.Pipeline(**steps), (f"{name}.",)
