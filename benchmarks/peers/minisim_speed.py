"""Time minisim, run by its own Python: `python minisim_speed.py WHICH N_FRAMES`.

Prints one line of JSON: seconds of `simulate` (not of importing), peak memory, cells.
Stand-alone: it imports nothing of jaxsim. The settings are those of `movies.py`.
"""

import json
import re
import sys
import time
import warnings


def spec(which: str, n_frames: int, na: float = 0.3, density: float = 120_000.0):
    from minisim import spec as S
    from minisim.presets import build_spec, ca1, miniscope_v4

    fps = 20.0
    if which == "v4":
        extra = [S.Bleaching(), S.BrainMotion()]
        kwargs = {"duration_s": n_frames / fps, "fps": fps, "seed": 0}
        return build_spec(miniscope_v4(), ca1(), extra_steps=extra, **kwargs)
    acquisition = S.Acquisition(
        fps=fps,
        duration_s=n_frames / fps,
        optics=S.Optics(na=na, magnification=4.0),
        image_sensor=S.ImageSensor(n_px_height=128, n_px_width=128, pixel_pitch_um=6.0),
    )
    steps = [
        S.PlaceNeurons(
            density_per_mm3=density,
            soma_radius_um=5.0,
            depth_range_um=(40.0, 60.0),
            morphology="cytosolic",
        ),
        S.CellActivity(),
        S.CellOptics(),
        S.Composite(),
        S.Bleaching(),
        S.Neuropil(),
        S.Vasculature(
            enabled=True, layers=[S.VesselLayer(depth_um=20.0, root_radius_um=10.0)]
        ),
        S.BrainMotion(model="physical", motion_amplitude_um=5.0, max_shift_um=8.0),
        S.IlluminationProfile(),
        S.Vignette(),
        S.Leakage(),
        S.Sensor(photons_per_unit=200.0),
    ]
    return S.Spec(acquisition=acquisition, steps=steps, seed=0)


def main() -> None:
    warnings.simplefilter("ignore")
    from minisim import simulate, sweep

    which, n_frames = sys.argv[1], int(sys.argv[2])
    points = [spec(which, n_frames)]
    if which == "sweep":
        axes = {
            "acquisition.optics.na": [0.2, 0.3, 0.4, 0.5],
            "steps.place_neurons.density_per_mm3": [6e4, 9e4, 12e4, 15e4],
        }
        points = list(sweep(spec("small", n_frames), axes))
    began = time.perf_counter()
    cells = [simulate(point).ground_truth.n_units for point in points]
    took = time.perf_counter() - began
    with open("/proc/self/status") as status:  # getrusage counts the parent's, too
        peak = int(re.findall(r"VmHWM:\s+(\d+)", status.read())[0]) / 1024
    print(json.dumps({"seconds": took, "peak_mb": peak, "cells": cells}))


if __name__ == "__main__":
    main()
