"""What is compared between two programs that make calcium movies. Knows neither.

Both write a recording as the arrays that `statistics` takes, made with `SETTING`, and
get the same numbers of it. Needs only NumPy, so that any interpreter can run it.
"""

import numpy as np


# every step on; cells in front of, in and behind the focus; hardly a pixel saturated
SETTING = {
    "n_px": 128,
    "n_frames": 256,
    "rate_hz": 20.0,
    "na": 0.3,
    "magnification": 2.9,
    "pixel_pitch_um": 4.8,
    "field_curvature_radius_um": 2500.0,
    "focal_depth_um": 100.0,
    "bit_depth": 12,
    "density_per_mm3": 25_000.0,
    "soma_radius_um": 5.0,
    "depth_um": (20.0, 180.0),
    "opens_per_frame": 0.005,
    "closes_per_frame": 0.3,
    "bleach_susceptibility_per_s": 2e-3,
    "neuropil_amplitude": 0.05,
    "vessel_depth_um": 20.0,
    "vessel_root_radius_um": 10.0,
    "vessel_min_radius_um": 4.0,  # finer trees have more segments than ours looks at
    "max_shift_um": 15.0,
    "leakage_level": 0.02,
    "photons_per_unit": 600.0,
}
N_SEEDS = 20
PIXEL_UM = SETTING["pixel_pitch_um"] / SETTING["magnification"]
HALF_UM = SETTING["n_px"] * PIXEL_UM / 2.0  # of the field of view
AREA_PIXELS_UM = (0.8, 1.6, 3.2)  # on which sharp footprints are compared
SIDE_UM = 120.0  # of the field for that
DEPTHS = (20.0, 60.0, 100.0, 140.0, 180.0)
BANDS_HZ = {"slow": (0.05, 0.5), "middle": (0.5, 3.0), "fast": (3.0, 9.0)}
QUANTUM_EFFICIENCY, READ_NOISE_E = 0.7, 2.0  # the defaults of both programs


def within(position_um, part=1.0):
    """Cells whose centre lies in the field of view, or in a middle part of it."""
    return (np.abs(position_um[:, 1:]) < part * HALF_UM).all(axis=1)


def statistics(r):
    """Name -> number of one recording, from arrays that two programs both have."""
    return {**cells(r), **footprints(r), **tissue(r), **motion(r), **movie(r)}


def cells(r):
    """Places, spikes and traces of the cells in the field of view.

    Args:
        r: position (cell, 3) in um from the axis, in_focus (cell), spikes, trace and
            bleaching (time, cell), expression (cell).
    """
    here = within(r["position"])
    depth = r["position"][here, 0]
    spikes, trace = r["spikes"][:, here], r["trace"][:, here]
    g, left = r["expression"][here], r["bleaching"][-1, here]
    per_molecule = trace / g
    rate = spikes.mean(0) * SETTING["rate_hz"]
    varied = trace - trace.mean(0)
    lag = (varied[1:] * varied[:-1]).sum(0) / (varied**2).sum(0)
    return {
        "cells in the field": here.sum(),
        "depth, mean (um)": depth.mean(),
        "depth, sd (um)": depth.std(),
        "in focus, part": r["in_focus"][here].mean(),
        "firing rate, mean (Hz)": rate.mean(),
        "firing rate, sd of cells (Hz)": rate.std(),
        "frames with spikes, part": (spikes > 0).mean(),
        "spikes of a frame that has any": spikes[spikes > 0].mean(),
        "expression, mean": g.mean(),
        "expression, cv": g.std() / g.mean(),
        "trace, mean": per_molecule.mean(),
        "trace, peak": per_molecule.max(0).mean(),
        "trace, sd in time": per_molecule.std(0).mean(),
        "trace, least": per_molecule.min(0).mean(),
        "trace, lag-1 correlation": lag.mean(),
        "trace, mean of first second": per_molecule[:20].mean(),
        "bleached at the end, part": 1.0 - left.mean(),
        "bleached, slope with expression": slope(
            np.log(g), np.log((1.0 - left) / per_molecule.mean(0))
        ),
    }


def slope(x, y):
    """Of a straight line through points."""
    x = x - x.mean()
    return (x * y).sum() / (x**2).sum()


def footprints(r):
    """Light and width of cells in the middle half, sharp and as the optics show them.

    Args:
        r: inner_depth (cell), inner_planted (cell): the sum of each sharp footprint;
            inner_observed (cell, y, x) over the field of view.
    """
    depth, image = r["inner_depth"], r["inner_observed"]
    light = image.sum((1, 2))
    found = {
        "sharp footprint, integral (px)": r["inner_planted"].mean(),
        "sharp footprint, cv of integral": r["inner_planted"].std()
        / r["inner_planted"].mean(),
    }
    y, x = np.mgrid[: image.shape[1], : image.shape[2]]

    def moment(grid):
        middle = (image * grid).sum((1, 2)) / light
        off = (grid[None] - middle[:, None, None]) ** 2
        return (image * off).sum((1, 2)) / light

    width = np.sqrt((moment(y) + moment(x)) / 2.0) * PIXEL_UM
    for top, bottom in zip(DEPTHS[:-1], DEPTHS[1:], strict=True):
        at = (depth >= top) & (depth < bottom)
        name = f"at {top:.0f}-{bottom:.0f} um"
        found[f"footprint {name}, width (um)"] = width[at].mean()
        found[f"footprint {name}, light kept"] = (
            light[at] / r["inner_planted"][at]
        ).mean()
        found[f"footprint {name}, integral"] = light[at].mean()
        found[f"footprint {name}, peak"] = image[at].max((1, 2)).mean()
    return found


def tissue(r):
    """Neuropil and vessels.

    Args:
        r: neuropil_spatial (component, y, x), neuropil_temporal (time, component),
            neuropil_population (time), vessel_mask (y, x).
    """
    field, time = r["neuropil_spatial"], r["neuropil_temporal"]
    crowd, mask = r["neuropil_population"], r["vessel_mask"]
    level = field.mean((1, 2))
    return {
        "neuropil field, mean": level.mean(),
        "neuropil field, cv": (field.std((1, 2)) / level).mean(),
        "neuropil in time, mean": time.mean(),
        "neuropil in time, sd": time.std(0).mean(),
        "population driver, sd": crowd.std(),
        "vessel mask, mean": mask.mean(),
        "vessel mask, sd": mask.std(),
    }


def motion(r):
    """Shifts in um.

    Args:
        r: shift (time, 2) in px.
    """
    shift = r["shift"] * PIXEL_UM
    free = shift - shift.mean(0)
    radius = np.hypot(*shift.T)
    lag = (free[1:] * free[:-1]).sum(0) / (free**2).sum(0)
    power = np.abs(np.fft.rfft(free, axis=0)) ** 2
    hertz = np.fft.rfftfreq(len(free), 1.0 / SETTING["rate_hz"])
    stride = (hertz > 5.5) & (hertz < 8.5)
    return {
        "shift, rms radius (um)": np.sqrt((radius**2).mean()),
        "shift, largest (um)": radius.max(),
        "shift, mean place off zero (um)": np.hypot(*shift.mean(0)),
        "shift, sd along y (um)": free[:, 0].std(),
        "shift, sd along x (um)": free[:, 1].std(),
        "shift, lag-1 correlation": lag.mean(),
        "shift along y, part at 5.5-8.5 Hz": power[stride, 0].sum() / power[:, 0].sum(),
    }


def movie(r):
    """The light before the sensor, and the counts.

    Args:
        r: cells, before (time, y, x): light on the canvas, of the cells alone and just
            before motion; after: just behind motion, light: before the sensor, and
            counts, all three in the field of view.
    """
    counts, light = r["counts"].astype(float), r["light"]
    rate = light * SETTING["photons_per_unit"] * QUANTUM_EFFICIENCY
    free = rate < 0.7 * 2 ** SETTING["bit_depth"]  # of the limits of the bit depth
    free &= rate > 20.0
    off = (counts + 0.5 - rate)[free] / np.sqrt(rate[free] + READ_NOISE_E**2 + 1 / 12)
    margin = (r["cells"].shape[1] - counts.shape[1]) // 2
    fov = np.s_[:, margin:-margin, margin:-margin]
    mean_image = counts.mean(0)
    found = {
        "light of the cells, mean": r["cells"][fov].mean(),
        "light of the cells, log10 variance": np.log10(r["cells"][fov].var()),
        "counts, mean": counts.mean(),
        "counts, log10 variance in time": np.log10(counts.var(0).mean()),
        "counts, log10 variance in space": np.log10(mean_image.var()),
        "counts, centre / corners": mean_image[48:80, 48:80].mean()
        / corners(mean_image),
        "noise, mean (sd)": off.mean(),
        "noise, variance / expected": off.var(),
        "noise, skewness": (off**3).mean(),
        "sharpness kept by the shift": sharpness(r, margin),
    }
    varied = counts[:, ::2, ::2] - counts[:, ::2, ::2].mean(0)
    power = (np.abs(np.fft.rfft(varied, axis=0)) ** 2).mean((1, 2)) / len(counts)
    hertz = np.fft.rfftfreq(len(counts), 1.0 / SETTING["rate_hz"])
    for name, (low, high) in BANDS_HZ.items():
        some = power[(hertz > low) & (hertz < high)].mean()
        found[f"pixel spectrum, {name}, log10 power"] = np.log10(some)
    return found


def corners(image):
    """Mean of four squares of 24 px."""
    ends = np.r_[0:24, -24:0]
    return image[np.ix_(ends, ends)].mean()


def sharpness(r, margin):
    """Energy of the finest detail in shifted frames, over that in whole pixels' shift.

    Pairs of neighbours along y: their difference holds what an interpolation loses.
    """
    whole = np.round(r["shift"]).astype(int)
    size = r["after"].shape[1]
    ratio = []
    for frame, after, (down, right) in zip(r["before"], r["after"], whole, strict=True):
        top, left = margin - down, margin - right
        before = frame[top : top + size, left : left + size]
        energy = [(np.diff(image, n=2, axis=0) ** 2).sum() for image in (after, before)]
        ratio.append(energy[0] / energy[1])
    return np.mean(ratio)
