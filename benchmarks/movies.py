"""The movies that are timed, and one run of them in a process of its own.

`python -m benchmarks.movies WHICH held|zarr` prints the peak of its memory in MB.
"""

import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import jax

import jaxsim as js
from jaxsim import imaging as im


SWEEP = {
    "miniscope.na": [0.2, 0.3, 0.4, 0.5],
    "neurons.density_per_mm3": [6e4, 9e4, 12e4, 15e4],
}


def v4(n_frames: int = 600) -> js.Pipeline:
    """608 x 608 pixels, some 1000 cells, every step on."""
    return im.miniscope_v4(n_frames)


def small(n_frames: int = 600, changes: dict[str, Any] | None = None) -> js.Pipeline:
    """128 x 128 pixels of 1.5 um, some 110 cells, every step on."""
    process = js.Pipeline(
        miniscope=im.Miniscope(
            na=0.3,
            magnification=4.0,
            pixel_pitch_um=6.0,
            n_px_height=128,
            n_px_width=128,
            margin_px=im.margin_for(8.0, 1.5),
            n_frames=n_frames,
        ),
        illumination=im.Illumination(),
        neurons=im.PlaceNeurons(
            density_per_mm3=120_000.0,
            soma_radius_um=5.0,
            depth_top_um=40.0,
            depth_bottom_um=60.0,
            morphology="cytosolic",
        ),
        spikes=im.MarkovSpikes(),
        calcium=im.Calcium(),
        bleaching=im.Bleaching(),
        focus=im.LeastDefocus(),
        optics=im.Optics(),
        render=im.Render(),
        neuropil=im.Neuropil(),
        vessels=im.Vessels(depth_um=20.0, root_radius_um=10.0),
        motion=im.OscillatorMotion(amplitude_um=5.0, max_shift_um=8.0),
        illuminate=im.Illuminate(),
        vignette=im.Vignette(),
        leakage=im.Leakage(),
        sensor=im.ImageSensor(photons_per_unit=200.0),
    )
    return im.planned(js.replace(process, changes or {}))


def sweep_process(n_frames: int = 200) -> js.Pipeline:
    """The small movie with room for every point of the sweep."""
    widest = {"miniscope.na": 0.5, "neurons.density_per_mm3": 15e4}
    return js.replace(small(n_frames, widest), {"neurons.density_per_mm3": 12e4})


def main() -> None:
    which, where = sys.argv[1:3]
    process = {"v4": v4, "small": small}[which]()
    with tempfile.TemporaryDirectory() as folder:
        if where == "zarr":
            blocks = js.in_blocks(process, jax.random.key(0), ("movie",))
            js.save(blocks, Path(folder) / "movie.zarr")
        else:
            made = js.simulate(process, jax.random.key(0), ("movie",))
            jax.block_until_ready(made["movie"].values)
    print(peak_mb())


def peak_mb() -> float:
    """Of this process; `getrusage` would count what its parent held at the fork."""
    status = Path("/proc/self/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1024


if __name__ == "__main__":
    main()
