"""What an ideal observer could know of each cell: signal to noise, Fisher's bounds."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from jaxsim.core.block_programs import frame_steps, is_timed, whole_acts
from jaxsim.core.declared import replace
from jaxsim.core.frames import run_block
from jaxsim.core.pipeline import Pipeline
from jaxsim.core.recording import Recording
from jaxsim.core.signal import Series
from jaxsim.core.step import fold_name
from jaxsim.imaging.calcium import AbstractCalcium
from jaxsim.imaging.canvas import Canvas
from jaxsim.imaging.image import Image
from jaxsim.imaging.image_sensor import ImageSensor
from jaxsim.imaging.kinetics import transient
from jaxsim.imaging.motion import AbstractMotion, StillTissue
from jaxsim.imaging.optics import Optics, diffraction_um
from jaxsim.imaging.populations import parts_of
from jaxsim.imaging.render import Render
from jaxsim.imaging.signals import MOVIE
from jaxsim.imaging.truth import made_by


PLACE = ("z_um", "y_um", "x_um")

# of a sensor: levels that pixels or all numbers add are no light, hence no shot noise
EXPECTED_ELECTRONS = {
    "readout": "expected",
    "gain_adu_per_e": 1.0,
    "offset_adu": 0.0,
    "dsnu_e": None,
}


class Found(NamedTuple):
    """Per cell; places without a cell have no signal and infinite bounds."""

    snr_peak: Float[Array, "cell"]
    snr_matched: Float[Array, "cell"]
    snr_point: Float[Array, "cell"]
    bound_spike_s: Float[Array, "cell"]
    bound_spike: Float[Array, "cell"]
    bound_z_um: Float[Array, "cell"]
    bound_y_um: Float[Array, "cell"]
    bound_x_um: Float[Array, "cell"]
    in_focus: Float[Array, "cell"]
    in_view: Float[Array, "cell"]


def detectability(recording: Recording, threshold: float = 3.0) -> Any:
    r"""How well each cell of a recording could be seen at best.

    With $s_p$ the electrons that a unit of a cell's trace adds to pixel p, and $v_p$
    the variance there (shot noise of the mean movie, of cells, neuropil, vessels,
    leakage and dark current together, and the noise of reading and of rows, as if no
    row shared it), for a trace that spans $\Delta C$:

    | name | what it is |
    |---|---|
    | `snr_peak` | $\max_p \Delta C\, s_p / \sqrt{v_p}$: one pixel, one frame |
    | `snr_matched` | $\Delta C \sqrt{\sum_p s_p^2 / v_p}$: the best weights of pixels |
    | `snr_point` | as simple simulators count: see below |
    | `bound_spike_s` | standard error of one spike's time, s |
    | `bound_spike` | standard error of its size, in spikes (1: not seen) |
    | `bound_z_um` | standard error of the cell's depth; y and x likewise |
    | `in_focus` | within the depth of field |
    | `in_view` | part of its light within the field of view |
    | `detectable` | `snr_matched` reaches the threshold |

    `snr_point` takes a cell for a point, before its own noise alone, and defocus for a
    loss of peak: too hopeful for wide cells in focus, too strict for others. Errors of
    place are those of a whole recording, with all three coordinates and the brightness
    unknown.

    The bounds are those of Cramer and Rao: no unbiased estimate has a smaller standard
    error. They come from Fisher's information $J^T V^{-1} J$, with J the Jacobian of
    the expected frames, by automatic differentiation through the optics and the
    kinetics. All other cells are taken as known, the tissue as still, and the limits of
    the bit depth as not reached; so they are bounds of a hopeful observer.

    Args:
        recording: made by a process from `Miniscope` to `ImageSensor`; it is enough
            that it knows its process and key.
        threshold: of `detectable`.

    Returns:
        An xarray Dataset with a row per cell, its place as coordinates; `js.plot` draws
        it.

    Raises:
        ValueError: the process lacks one of the steps.
    """
    import xarray as xr

    process, key = made_by(recording, "detectability")
    found, position = jax.tree.map(np.asarray, _find(_still(process), key))
    places = position.T
    columns = {name: ("cell", values) for name, values in found._asdict().items()}
    columns["detectable"] = ("cell", found.snr_matched >= threshold)
    columns |= {
        name: ("cell", place) for name, place in zip(PLACE, places, strict=True)
    }
    table = xr.Dataset(columns, attrs={"threshold": threshold}).set_coords(PLACE)
    for name in map(str, table):
        unit = name.rpartition("_")[2] if name.startswith("bound_") else "1"
        table[name].attrs["units"] = unit if unit in ("s", "um") else "1"
    table["in_focus"] = table.in_focus > 0.5
    return table


def _still(process: Pipeline) -> Pipeline:
    """The process without motion, its frames being the electrons that are expected."""
    steps, sensors = dict(zip(process.names, process.steps, strict=True)), []
    for name, step in steps.items():
        if isinstance(step, AbstractMotion):
            steps[name] = StillTissue()
        if isinstance(step, ImageSensor):
            sensors.append(name)
            steps[name] = replace(step, EXPECTED_ELECTRONS)
    for kind in (Optics, Render, ImageSensor):
        if not any(isinstance(step, kind) for step in steps.values()):
            raise ValueError(
                f"detectability: this process has no {kind.__name__}; it has "
                f"{', '.join(process.names)}."
            )
    return Pipeline(process.doors, **steps)


@eqx.filter_jit
def _find(process: Pipeline, key: PRNGKeyArray) -> tuple[Found, Array]:
    """For all places, and where they lie."""
    steps = dict(zip(process.names, process.steps, strict=True))
    by_kind: dict[type, Any] = {type(step): step for step in steps.values()}
    optics, sensor = by_kind[Optics], by_kind[ImageSensor]
    made, log, given = whole_acts(process, key)
    canvas, image, trace = made["canvas"], made["image"], made["trace"].values
    mean = jax.tree.map(_mean, given, is_leaf=lambda v: isinstance(v, Series))

    def seen(light: Array | None) -> Array:
        return canvas_of(_frame(process, key, mean, light, made["trace"]), canvas)

    like = trace.dtype
    dark, lit = jnp.zeros(canvas.shape, like), jnp.ones(canvas.shape, like)
    per_light = seen(lit) - seen(dark)  # electrons per unit of light, at every pixel
    noise = jnp.maximum(seen(None), 0.0) + sensor.readout_variance() + 1e-6
    span, rest = jnp.ptp(trace, axis=0), trace.min(0)
    power = (trace**2).sum(0)
    side = max(size for size, _ in by_kind[Render].patches)
    places = made["position"].values

    def cell(number: Int[Array, ""]) -> Any:
        def light(theta: Float[Array, "4"]) -> Array:
            """Of place z, y, x and brightness, on a square around the cell."""
            moved = {n: _one(made[n], number) for n in ("footprint", "alive")}
            moved["position"] = made["position"].with_values(theta[None, :3])
            out = optics(**moved, focal_depth=made["focal_depth"], canvas=canvas)
            return theta[3] * out["image"].window(first[:1], *rows)[0]

        first = jnp.zeros(1, jnp.int32)
        corner, rows = _square(image, canvas, number, side)
        theta = jnp.concatenate([places[number], jnp.ones(1, like)])
        size = tuple(min(side, n) for n in canvas.shape)
        gain = jax.lax.dynamic_slice(per_light, corner, size)
        variance = jax.lax.dynamic_slice(noise, corner, size)
        signal, slopes = light(theta) * gain, jax.jacfwd(light)(theta) * gain[..., None]
        peak = (signal / jnp.sqrt(variance)).max()
        information = jnp.einsum("yxi,yxj,yx->ij", slopes, slopes, 1.0 / variance)
        inside = jax.lax.dynamic_slice(_in_view(canvas, like), corner, size)
        whole = image.gain[number] * image.stamp[number].sum()
        view = (light(theta) * inside).sum() / jnp.where(whole > 0, whole, 1.0)
        return peak, information, view

    numbers = jnp.arange(len(places), dtype=jnp.int32)
    peak, information, view = jax.lax.map(cell, numbers)
    matched = information[:, 3, 3]
    at, size = _bounds_of_a_spike(process, canvas, matched, log)
    z, y, x, _ = _inverse(information * power[:, None, None]).T
    found = Found(
        snr_peak=span * peak,
        snr_matched=span * jnp.sqrt(matched),
        snr_point=_of_a_point(made, optics, per_light, span, rest, sensor),
        bound_spike_s=at,
        bound_spike=size,
        bound_z_um=z,
        bound_y_um=y,
        bound_x_um=x,
        in_focus=made["in_focus"].values,
        in_view=view,
    )
    return found, places


def _mean(value: Any) -> Any:
    """A timed series as one frame, its mean."""
    if not is_timed(value):
        return value
    return value.with_values(value.values.mean(0, keepdims=True))


def _frame(
    process: Pipeline, key: PRNGKeyArray, given: Any, light: Any, clock: Series
) -> Float[Array, "y x"]:
    """One frame through the frame steps, of the cells or of a light in their place."""
    made: dict[str, Any] = {}
    index = jnp.zeros(1, jnp.int32)
    for name, step in frame_steps(process).items():
        if light is not None and isinstance(step, Render):
            made["movie"] = Series(light[None], clock.clock, MOVIE)
            continue
        needs = {n: made[n] for n in step.needs_frame if n in made} | given[name]
        made |= run_block(name, step, fold_name(key, name), needs, index)
    return made["movie"].values[0]


def canvas_of(frame: Float[Array, "h w"], canvas: Canvas) -> Float[Array, "y x"]:
    """A field of view on the canvas, with nothing around it."""
    return jnp.pad(frame, canvas.margin) if frame.shape == canvas.fov else frame


def _in_view(canvas: Canvas, like: Any) -> Float[Array, "y x"]:
    return jnp.pad(jnp.ones(canvas.fov, like), canvas.margin)


def _one(series: Series, number: Array) -> Series:
    return series.with_values(series.values[number][None])


def _square(image: Image, canvas: Canvas, number: Array, side: int) -> Any:
    """Corner of a square around a cell, and its rows and columns."""
    corner, rows = [], []
    for i, n in enumerate(canvas.shape):
        size = min(side, n)
        middle = jnp.round(image.centre[number, i]).astype(jnp.int32)
        corner.append(jnp.clip(middle - size // 2, 0, n - size))
        along = corner[i] + jnp.arange(size, dtype=jnp.int32)
        rows.append(along.astype(image.sigma.dtype)[None])
    return tuple(corner), tuple(rows)


def _inverse(information: Float[Array, "cell n n"]) -> Float[Array, "cell n"]:
    """Standard errors; infinite where nothing is known."""
    scale = jnp.sqrt(jnp.diagonal(information, axis1=1, axis2=2))
    known = (scale > 0).all(1)
    safe = jnp.where(known[:, None], scale, 1.0)
    eye = jnp.eye(information.shape[1], dtype=information.dtype)
    even = jnp.where(
        known[:, None, None], information / (safe[:, :, None] * safe[:, None, :]), eye
    )
    spread = jnp.diagonal(jnp.linalg.inv(even), axis1=1, axis2=2)
    good = known[:, None] & (spread > 0)
    return jnp.where(good, jnp.sqrt(jnp.where(good, spread, 1.0)) / safe, jnp.inf)


def _bounds_of_a_spike(
    process: Pipeline, canvas: Canvas, matched: Array, log: dict[str, Any]
) -> tuple[Array, Array]:
    """Of its time and size, both unknown, in the middle of a frame."""
    errors, at = [], 0
    for path, step in parts_of(process):  # cells stand in the order of populations
        if isinstance(step, AbstractCalcium) and f"{path}.expression" in log:
            light = log[f"{path}.expression"].values
            per_cell = matched[at : at + len(light)] * light**2
            scale = log.get(f"{path}.tau_scale")
            scale = jnp.ones(1, light.dtype) if scale is None else scale.values
            errors.append(_errors_of_a_spike(step, canvas, per_cell, scale))
            at += len(light)
    if at != len(matched):
        nothing = jnp.full_like(matched, jnp.inf)
        return nothing, nothing
    time, size = jnp.concatenate(errors).T
    return time, size


def _errors_of_a_spike(
    calcium: AbstractCalcium,
    canvas: Canvas,
    per_cell: Float[Array, "cell"],
    scales: Float[Array, "one_or_cell"],
) -> Float[Array, "cell 2"]:
    frame_s = 1.0 / canvas.rate_hz
    lasts = min(canvas.n_frames, 1 + int(20.0 * canvas.rate_hz))
    ends = frame_s * (1.0 + jnp.arange(lasts, dtype=per_cell.dtype))

    def known(scale: Float[Array, ""]) -> Float[Array, "2 2"]:
        """With these time constants over the usual ones, per unit of light."""

        def course(theta: Float[Array, "2"]) -> Float[Array, "frame"]:
            when, size = theta
            taus = scale * calcium.tau_rise_s, scale * calcium.tau_decay_s
            one = transient(ends - when, frame_s, *taus)
            return calcium.response((size * one)[:, None])[:, 0]

        middle = jnp.asarray([0.5 * frame_s, 1.0], per_cell.dtype)
        slopes = jax.jacfwd(course)(middle)
        return slopes.T @ slopes

    return _inverse(per_cell[:, None, None] * jax.vmap(known)(scales))


def _of_a_point(
    made: Any,
    optics: Optics,
    per_light: Float[Array, "y x"],
    span: Float[Array, "cell"],
    rest: Float[Array, "cell"],
    sensor: ImageSensor,
) -> Float[Array, "cell"]:
    """The usual rule: a point source, before its own shot noise and read noise."""
    canvas, image = made["canvas"], made["image"]
    sharp = diffraction_um(canvas.na, canvas.emission_nm)
    z = made["position"].values[:, 0]
    in_focus = sharp**2 + (optics.scatter_blur_per_um * z) ** 2
    loss = in_focus / (image.sigma * canvas.pixel_um) ** 2
    at = [image.centre[:, i] for i in (0, 1)]
    field = jax.scipy.ndimage.map_coordinates(per_light, at, order=0, mode="nearest")
    electrons = loss * image.gain * field
    noise = jnp.sqrt(jnp.maximum(rest, 0.0) * electrons + sensor.read_noise_e**2)
    return span * electrons / jnp.maximum(noise, 1e-9)
