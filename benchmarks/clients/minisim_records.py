"""A recording of minisim as AVI, with its truth; runs in minisim's interpreter.

    python minisim_records.py WANTED.json FOLDER TRUTH.npz

Knows no jaxsim: WANTED.json holds the plain numbers that both simulators are given (see
`recordings.py`). minisim is driven through its public classes.
"""

import json
import sys
from importlib import metadata
from pathlib import Path

import numpy as np
from minisim import simulate, spec as ms


def main() -> None:
    wanted, folder, truth = sys.argv[1:]
    recording = simulate(asked(json.loads(Path(wanted).read_text())))
    Path(folder).mkdir(parents=True, exist_ok=True)
    recording.write_video(Path(folder) / "0.avi", progress=False)
    true = recording.ground_truth
    shift = true.shifts
    np.savez_compressed(
        truth,
        versions=json.dumps({"minisim": metadata.version("minisim")}),
        A=np.maximum(np.asarray(true.A_observed, np.float32), 0.0),
        C=np.asarray(true.C, np.float32),
        shift=np.zeros((0, 2)) if shift is None else np.asarray(shift),
        sigma_px=np.asarray(true.observed_sigma_px),
        detectable=np.asarray(true.detectable),
        movie=np.asarray(recording.observed).astype(np.uint8),
    )


def asked(wanted: dict) -> ms.Spec:
    """minisim's specification of the wanted recording."""
    acquisition = ms.Acquisition(
        fps=wanted["frame_rate_hz"],
        duration_s=wanted["duration_s"],
        focal_depth_in_tissue_um=wanted["focus_um"],
        optics=ms.Optics(na=wanted["na"], magnification=8.0),
        image_sensor=ms.ImageSensor(
            n_px_height=wanted["n_px"],
            n_px_width=wanted["n_px"],
            pixel_pitch_um=8.0 * wanted["pixel_um"],
        ),
    )
    cells = ms.PlaceNeurons(
        density_per_mm3=wanted["density_per_mm3"],
        soma_radius_um=wanted["soma_radius_um"],
        depth_range_um=tuple(wanted["depth_um"]),
    )
    steps = [cells, ms.CellActivity(), ms.CellOptics(), ms.Composite()]
    if wanted["walk_um"]:
        steps.append(
            ms.BrainMotion(
                model="walk",
                walk_step_um=wanted["walk_um"],
                max_shift_um=wanted["max_shift_um"],
            )
        )
    steps.append(ms.Sensor(photons_per_unit=wanted["photons_per_unit"]))
    return ms.Spec(acquisition=acquisition, steps=steps, seed=wanted["seed"])


if __name__ == "__main__":
    main()
