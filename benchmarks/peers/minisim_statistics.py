"""Statistics of minisim (GPL-3) recordings, for tests of ours. Knows no jaxsim.

    python minisim_statistics.py OUT.json [SEEDS]

Run by an interpreter that holds minisim (1.0.3 was used) it simulates the setting of
`calcium_statistics` with that many seeds, and writes name -> value of each seed.
`tests/reference/` keeps a copy.
"""

import json
import sys
import warnings
from importlib import metadata

import numpy as np
from calcium_statistics import (
    AREA_PIXELS_UM,
    N_SEEDS,
    SETTING,
    SIDE_UM,
    statistics,
    within,
)
from minisim import simulate, spec as ms


def specification(seed):
    """The setting in the words of the program."""
    s = SETTING
    acquisition = ms.Acquisition(
        fps=s["rate_hz"],
        duration_s=s["n_frames"] / s["rate_hz"],
        focal_depth_in_tissue_um=s["focal_depth_um"],
        optics=ms.Optics(
            na=s["na"],
            magnification=s["magnification"],
            field_curvature_radius_um=s["field_curvature_radius_um"],
        ),
        image_sensor=ms.ImageSensor(
            n_px_height=s["n_px"],
            n_px_width=s["n_px"],
            pixel_pitch_um=s["pixel_pitch_um"],
            bit_depth=s["bit_depth"],
        ),
    )
    layer = ms.VesselLayer(
        depth_um=s["vessel_depth_um"],
        root_radius_um=s["vessel_root_radius_um"],
        min_radius_um=s["vessel_min_radius_um"],
    )
    steps = [
        ms.PlaceNeurons(
            density_per_mm3=s["density_per_mm3"],
            soma_radius_um=s["soma_radius_um"],
            depth_range_um=s["depth_um"],
            morphology="soma",
        ),
        ms.CellActivity(
            p_quiescent_to_active=s["opens_per_frame"],
            p_active_to_quiescent=s["closes_per_frame"],
        ),
        ms.Bleaching(bleach_susceptibility=s["bleach_susceptibility_per_s"]),
        ms.CellOptics(),
        ms.Composite(),
        ms.Neuropil(amplitude=s["neuropil_amplitude"]),
        ms.Vasculature(enabled=True, layers=[layer]),
        ms.BrainMotion(max_shift_um=s["max_shift_um"]),
        ms.IlluminationProfile(),
        ms.Vignette(),
        ms.Leakage(level=s["leakage_level"]),
        ms.Sensor(photons_per_unit=s["photons_per_unit"]),
    ]
    return ms.Spec(
        acquisition=acquisition,
        steps=steps,
        seed=seed,
        output=ms.Output(save_intermediates=True),
    )


def recorded(seed):
    """One recording as the arrays that both programs have."""
    run = simulate(specification(seed))
    truth, stage = run.ground_truth, run.snapshots
    inner = within(np.asarray(truth.centers_um), 0.5)
    return {
        "position": np.asarray(truth.centers_um),
        "in_focus": np.asarray(truth.in_focus),
        "spikes": np.asarray(truth.S).T,
        "trace": np.asarray(truth.C).T,
        "expression": np.asarray(truth.amplitude_per_cell),
        "bleaching": np.asarray(truth.bleaching).T,
        "inner_depth": np.asarray(truth.centers_um)[inner, 0],
        "inner_planted": np.asarray(truth.A_planted)[inner].sum((1, 2)),
        "inner_observed": np.asarray(truth.A_observed)[inner],
        "shift": np.asarray(truth.shifts),
        "neuropil_spatial": np.asarray(truth.neuropil_spatial),
        "neuropil_temporal": np.asarray(truth.neuropil_temporal).T,
        "neuropil_population": np.asarray(truth.neuropil_population),
        "vessel_mask": np.asarray(truth.vasculature_mask),
        "cells": np.asarray(stage["cells_only"]),
        "before": np.asarray(stage["vasculature"]),
        "after": np.asarray(stage["brain_motion"]),
        "light": np.asarray(stage["leakage"]),
        "counts": np.asarray(run.observed),
    }


def areas(pixel_um, morphology, n_cells=400):
    """Integrals (um^2) of sharp footprints of cells in the middle, on such pixels."""
    n_px = int(SIDE_UM / pixel_um)
    acquisition = ms.Acquisition(
        duration_s=0.5,
        optics=ms.Optics(magnification=1.0),
        image_sensor=ms.ImageSensor(
            n_px_height=n_px, n_px_width=n_px, pixel_pitch_um=pixel_um
        ),
    )
    found = []
    for seed in range(n_cells // 40):  # dense footprints of few cells at a time
        neurons = ms.PlaceNeurons(
            positions_um=[(10.0, 0.0, 0.0)] * 40,
            soma_radius_um=SETTING["soma_radius_um"],
            morphology=morphology,
        )
        spec = ms.Spec(acquisition=acquisition, steps=[neurons], seed=seed)
        planted = np.asarray(simulate(spec).ground_truth.A_planted)
        found.extend(planted.sum((1, 2)) * pixel_um**2)
    return [round_off(np.mean(found)), round_off(np.std(found) / len(found) ** 0.5)]


def main(out, n_seeds=N_SEEDS):
    """Simulate and write."""
    warnings.simplefilter("ignore")
    found = [statistics(recorded(seed)) for seed in range(int(n_seeds))]
    columns = {name: [round_off(one[name]) for one in found] for name in found[0]}
    area = {
        kind: {f"{p:g}": areas(p, kind) for p in AREA_PIXELS_UM}
        for kind in ("soma", "cytosolic")
    }
    told = {"minisim": metadata.version("minisim"), "numpy": np.__version__}
    with open(out, "w") as file:
        rows = [f'  "{name}": {json.dumps(v)}' for name, v in columns.items()]
        head = json.dumps(told)
        file.write('{\n"versions": ' + head + ",\n")
        file.write('"areas": ' + json.dumps(area) + ',\n"statistics": {\n')
        file.write(",\n".join(rows) + "\n}\n}\n")


def round_off(value):
    """Five digits: far below the spread of seeds."""
    return float(f"{float(value):.5g}")


if __name__ == "__main__":
    main(*sys.argv[1:])
