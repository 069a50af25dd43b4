"""Cautions: what is allowed in a movie, and yet seldom meant."""

import warnings
from typing import Any

import numpy as np

from jaxsim.core.pipeline import Pipeline
from jaxsim.core.recording import Recording
from jaxsim.imaging.calcium import AbstractCalcium
from jaxsim.imaging.canvas import Canvas
from jaxsim.imaging.focus import GivenFocus
from jaxsim.imaging.image_sensor import ImageSensor
from jaxsim.imaging.miniscope import Miniscope
from jaxsim.imaging.motion import GivenMotion, OscillatorMotion, WalkMotion
from jaxsim.imaging.neurons import PlaceNeurons
from jaxsim.imaging.populations import parts_of


MOST_SATURATED = 0.01  # of all numbers
LEAST_MEAN_ADU = 5.0
MOST_RISE = 20.0  # of a trace over its rest
MOST_SHIFT = 0.05  # of the shorter side of the field of view
WIDE = 4.0  # widths of a blur, within which all of its light lies


class ImagingWarning(UserWarning):
    """What is allowed in a movie, and yet seldom meant; `planned` and `build` warn."""


def cautions(thing: Pipeline | Recording) -> tuple[str, ...]:
    """Sentences about what is unusual in a movie, none when nothing is.

    Of a process: a focus outside the depths of its cells, motion over more than 5 % of
    the field of view. Of a recording, also what was recorded: more than 1 % of all
    numbers at the sensor's limit, a mean below 5, traces that rise above 20 times
    their rest, a canvas that ends within the blur of its cells.

    What is known when a movie is built is told there as an `ImagingWarning`, too.

    `planned` and `build` refuse what cannot be meant: cells larger than the field of
    view, transients shorter than a frame.
    """
    recording = thing if isinstance(thing, Recording) else None
    process = thing if recording is None else recording.process
    told: list[str] = []
    if isinstance(process, Pipeline):
        told += _of_process(dict(parts_of(process)))
    if recording is not None and not np.ndim(recording.status):
        told += _of_recording(recording)
    return tuple(told)


def warn(process: Pipeline) -> None:
    """Warn, where `planned` or `build` was called, of what somebody chose.

    How far a motion goes by default is no choice, in however small a field of view.
    """
    steps = dict(zip(process.names, process.steps, strict=True))
    chosen = {name: step for name, step in steps.items() if not _usual_motion(step)}
    for sentence in _of_process(chosen):
        warnings.warn(sentence, ImagingWarning, stacklevel=3)


def refuse(process: Pipeline, canvas: Canvas) -> None:
    """Refuse sizes and times that cannot be meant.

    Raises:
        ValueError: a cell is wider than the field of view, a transient is over within
            a frame, or an exposure is not.
    """
    for name, step in parts_of(process):
        if isinstance(step, PlaceNeurons):
            widest_um = 2.0 * float(np.max(step.soma_radius_um))
            side_um = min(canvas.fov) * float(canvas.pixel_um)
            if widest_um > side_um:
                raise ValueError(
                    f"{name}.soma_radius_um: a cell of {widest_um:g} um does not fit "
                    f"into the field of view, whose shorter side is {side_um:g} um. "
                    "Give smaller cells, more pixels or less magnification."
                )
        if isinstance(step, ImageSensor) and step.exposure_s is not None:
            exposure_s = float(np.max(step.exposure_s))
            if exposure_s * canvas.rate_hz > 1.0 + 1e-6:
                raise ValueError(
                    f"{name}.exposure_s = {exposure_s:g} s is longer than a frame of "
                    f"{1.0 / canvas.rate_hz:g} s."
                )
        if isinstance(step, AbstractCalcium):
            decay_s = float(np.min(step.tau_decay_s))
            if decay_s * canvas.rate_hz < 1.0:
                raise ValueError(
                    f"{name}.tau_decay_s = {decay_s:g} s is over within a frame of "
                    f"{1.0 / canvas.rate_hz:g} s. Give a slower indicator or a higher "
                    "miniscope.frame_rate_hz."
                )


def _of_process(steps: dict[str, Any]) -> list[str]:
    told = []
    kinds = {type(step): (name, step) for name, step in steps.items()}
    placed = [step for step in steps.values() if isinstance(step, PlaceNeurons)]
    if GivenFocus in kinds and placed:
        name, focus = kinds[GivenFocus]
        depth = float(focus.depth_um)
        ends = [_depths_um(cells) for cells in placed]
        low, high = min(low for low, _ in ends), max(high for _, high in ends)
        if not low <= depth <= high:
            told.append(
                f"{name}.depth_um = {depth:g} um lies outside the cells, which are "
                f"{low:g} to {high:g} um deep: none may be in focus."
            )
    scope = next((s for s in steps.values() if isinstance(s, Miniscope)), None)
    if scope is not None:
        canvas = scope()["canvas"]
        side_um = min(canvas.fov) * float(canvas.pixel_um)
        for name, step in steps.items():
            far_um = _farthest_um(step)
            if far_um > MOST_SHIFT * side_um:
                told.append(
                    f"{name} moves the tissue by {far_um:g} um, which is "
                    f"{far_um / side_um:.0%} of the field of view ({side_um:g} um)."
                )
    return told


def _depths_um(cells: PlaceNeurons) -> tuple[float, float]:
    """Of the shallowest and the deepest cell."""
    if cells.positions_um is None:
        return float(cells.depth_top_um), float(cells.depth_bottom_um)
    z = np.asarray(cells.positions_um)[:, 0]
    return float(z.min()), float(z.max())


def _farthest_um(step: Any) -> float:
    if isinstance(step, (OscillatorMotion, WalkMotion)):
        return float(step.max_shift_um)
    if isinstance(step, GivenMotion):
        return float(np.abs(np.asarray(step.trajectory_um)).max())
    return 0.0


def _usual_motion(step: Any) -> bool:
    drawn = isinstance(step, (OscillatorMotion, WalkMotion))
    return drawn and _farthest_um(step) == _farthest_um(type(step)())


def _of_recording(recording: Recording) -> list[str]:
    steps = recording.process.steps if isinstance(recording.process, Pipeline) else ()
    told = _of_rims(recording, steps)
    sensor = next((s for s in steps if isinstance(s, ImageSensor)), None)
    if sensor is not None and sensor.readout == "digital" and "movie" in recording:
        movie = np.asarray(recording["movie"].values)
        full, mean = float((movie >= sensor.largest).mean()), float(movie.mean())
        if full > MOST_SATURATED:
            told.append(
                f"{full:.1%} of all numbers are at the sensor's limit of "
                f"{sensor.largest:g}: lower photons_per_unit or gain_adu_per_e."
            )
        if mean < LEAST_MEAN_ADU:
            told.append(
                f"the mean of the movie is {mean:.2g} ADU: most of it is noise. Raise "
                "photons_per_unit or gain_adu_per_e."
            )
    calcium = next((s for s in steps if isinstance(s, AbstractCalcium)), None)
    if calcium is not None and "trace" in recording and "expression" in recording:
        trace = np.asarray(recording["trace"].values)
        rest = float(calcium.f0) * np.asarray(recording["expression"].values)
        lit = (rest > 0) & (trace.max(0) > 0)
        rise = float((trace.max(0)[lit] / rest[lit]).max()) if lit.any() else 0.0
        if rise > MOST_RISE:
            told.append(
                f"a trace rises to {rise:.0f} times its rest; indicators saturate long "
                "before: use HillCalcium."
            )
    return told


def _of_rims(recording: Recording, steps: Any) -> list[str]:
    """Whether light of cells beyond the canvas would have reached the movie."""
    scope = next((s for s in steps if isinstance(s, Miniscope)), None)
    cells = next((s for s in steps if isinstance(s, PlaceNeurons)), None)
    known = "sigma_px" in recording and "alive" in recording
    if scope is None or cells is None or cells.positions_um is not None or not known:
        return []
    there = np.asarray(recording["alive"].values) > 0
    widest_px = float(
        np.max(np.asarray(recording["sigma_px"].values)[there], initial=0)
    )
    if scope.margin_px >= WIDE * widest_px:
        return []
    return [
        f"the canvas ends {scope.margin_px} px beyond the field of view, but blurs are "
        f"up to {widest_px:.1f} px wide (one standard deviation): light of cells "
        "farther out is missing at the rims. Give miniscope.margin_px = "
        f"{int(np.ceil(WIDE * widest_px))}, and plan anew."
    ]
