"""stream(process, prior, key): training data without end, refused early."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import PRNGKeyArray

from jaxsim.core.declared import card
from jaxsim.core.pipeline import as_pipeline
from jaxsim.core.simulate import check_key
from jaxsim.core.step import AbstractStep, step_name
from jaxsim.data.ends import ends
from jaxsim.data.replay import replay_of
from jaxsim.data.samples import Recipe, sample
from jaxsim.data.stream import Stream
from jaxsim.data.windows import Windows, check_windows
from jaxsim.study.lanes import place, sharding, whole
from jaxsim.study.plan import stretch


POLICIES = ("mask", "resample", "raise")
TRIES = 8  # times that a run is drawn anew before its status is left to the reader


def stream(
    process: AbstractStep,
    prior: Mapping[str, Any],
    key: PRNGKeyArray,
    *,
    batch: int,
    record: Sequence[str] | None = None,
    non_finite: str = "mask",
    windows: tuple[int, float] | None = None,
    devices: Sequence[Any] | None = None,
    replay: tuple[int, float] | None = None,
) -> Stream:
    """Training data without end, at parameters drawn anew for every sample.

    Args:
        process: what is simulated.
        prior: path -> `js.uniform`, `js.log_uniform`, `js.normal`, `js.choice`,
            `js.mixture` or `js.curriculum`; values are held inside the bounds of their
            cards. Empty: the process as it is, with other noise in each sample.
        key: of the stream; `fold_in(key, n)` makes sample n.
        batch: samples at a time.
        record: names of signals, as in `simulate`.
        non_finite: of a run that does not stay finite: "mask" leaves it to the reader
            of `batch.status`; "resample" draws it anew, up to 8 times; "raise" stops,
            and so waits for every batch.
        windows: (how many, seconds): so many random windows are cut out of each run,
            for simulators that are slow. `batch` counts windows.
        devices: that share each batch; JAX's default device.
        replay: (how many, share): of each batch only this share is new, the rest is
            drawn anew from so many samples before it, which stay on the device. What is
            drawn is a function of the key and the step; to go on after a stop, the
            samples kept are made once more. For simulators that are slow.

    Raises:
        ValueError: a path or signal that is unknown, a static path, a prior outside the
            bounds, a batch that windows or devices do not divide.
    """
    check_key(key)
    as_pipeline(process, step_name(type(process)))
    if non_finite not in POLICIES:
        raise ValueError(
            f"non_finite = {non_finite!r} is not one of {', '.join(POLICIES)}."
        )
    if isinstance(batch, bool) or not isinstance(batch, int) or batch < 1:
        raise ValueError(f"batch = {batch!r} must be a whole number, at least 1.")
    names = (record,) if isinstance(record, str) else record
    names = None if names is None else tuple(names)
    if not isinstance(prior, Mapping):
        raise TypeError(
            "prior must be a mapping of paths to priors, such as "
            f"{{'model.A': js.uniform(2.0, 4.0)}}, or {{}} for none, not {prior!r}."
        )
    span = {path: ends(process, path, one) for path, one in prior.items()}
    bounds = {path: card(process, path).bounds for path in prior}
    if devices is not None:
        _check_devices(devices)
    lanes = None if devices is None else sharding(tuple(devices))
    mix = None if replay is None else replay_of(*_pair("replay", replay), batch)
    if mix is not None and len(devices or ()) > 1:
        raise ValueError("replay keeps its samples on one device; devices has more.")
    if devices is not None and whole(batch, len(devices)) != batch:
        raise ValueError(f"batch = {batch} cannot be shared by {len(devices)} devices.")
    roomy, key = place((stretch(process, span), key), lanes, False)
    tries = TRIES if non_finite == "resample" else 0
    plain = Recipe(roomy, key, dict(prior), bounds, names, None, tries)
    cuts = None if windows is None else Windows(*_pair("windows", windows))
    made = eqx.filter_eval_shape(sample, plain, jnp.uint32(0))
    if cuts is not None:
        check_windows(cuts, made)
        at_once = mix.fresh if mix else batch
        if at_once % cuts.per_run:
            raise ValueError(
                f"{at_once} windows made at once are not a multiple of the "
                f"{cuts.per_run} that are cut out of each run; batch = {batch}."
            )
    recipe = plain._replace(windows=cuts)
    return Stream(process, recipe, batch, non_finite, lanes, mix)


def _pair(name: str, given: Any) -> tuple[int, float]:
    """(how many, how much), both of them finite."""
    try:
        count, part = given
        if not (isfinite(count) and isfinite(part)):
            raise ValueError
    except (TypeError, ValueError):
        what = "share, such as 0.25" if name == "replay" else "seconds"
        raise ValueError(
            f"{name} = {given!r} must be a pair of finite numbers: (how many, {what})."
        ) from None
    return count, part


def _check_devices(devices: Any) -> None:
    """Refuse what are no devices."""
    listed = isinstance(devices, Sequence) and len(devices) > 0
    if not listed or not all(isinstance(one, jax.Device) for one in devices):
        raise TypeError(
            f"devices = {devices!r} must be one or more of jax.devices(), in a list, "
            "such as [jax.devices()[0]]."
        )
