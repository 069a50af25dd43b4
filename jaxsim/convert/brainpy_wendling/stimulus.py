"""Its `stim_cfg`, kept there for later: inputs that its equations have room for."""

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxsim.convert.brainpy_wendling.config import checked, refuse_unknown
from jaxsim.neural.stimulus import (
    AbstractStimulus,
    ConstantStimulus,
    PulseTrain,
    Waveform,
)


PULSES = ("amplitude", "start_s", "width_s", "period_s", "n_pulses")


def stimulus_of(
    stim_cfg: Mapping[str, Any] | None,
    n_nodes: int,
    n_ticks: int,
    dt_s: float,
    compat: bool,
) -> AbstractStimulus | None:
    """The drive that is added to the input of the pyramidal cells, or at `site`.

    Args:
        stim_cfg: `p_ext` and `u_stim` (they add), or `pulses`; `site`.
        n_nodes: of the network.
        n_ticks: steps of the simulation.
        dt_s: length of a step.
        compat: refuse any, since that program ignored them.
    """
    cfg = checked("stim_cfg", stim_cfg, compat)
    if not cfg:
        return None
    if compat:
        raise ValueError(
            "stim_cfg: the program that compat=True imitates ignores it. Leave it out, "
            "or leave compat out."
        )
    site = cfg.get("site", "pyramidal_input")
    pulses = cfg.get("pulses")
    waves = [cfg[name] for name in ("p_ext", "u_stim") if cfg.get(name) is not None]
    if pulses is not None and waves:
        raise ValueError("stim_cfg has pulses and a waveform: give one of them.")
    if pulses is not None:
        refuse_unknown("stim_cfg['pulses']", pulses, PULSES)
        return PulseTrain(**pulses, site=site)
    if not waves:
        raise ValueError(f"stim_cfg has {', '.join(cfg)} but no p_ext, u_stim, pulses.")
    times = dt_s * np.arange(n_ticks)
    total = sum((_wave(wave, times, n_nodes) for wave in waves), np.zeros(()))
    if total.ndim == 0 or total.shape == (1, n_nodes):
        level = jnp.asarray(total if total.ndim == 0 else total[0], float)
        return ConstantStimulus(amplitude=level, site=site)
    values = jnp.asarray(np.broadcast_to(total, (n_ticks, n_nodes)), float)
    return Waveform(values=values, rate_hz=1.0 / dt_s, site=site)


def _wave(value: Any, times: np.ndarray, n_nodes: int) -> np.ndarray:
    """A number, (1, node), (time, 1) or (time, node)."""
    wave = np.asarray(value(times) if callable(value) else value, float)
    n = len(times)
    if wave.ndim == 0 or wave.shape in ((n, n_nodes), (n, 1), (1, n_nodes)):
        return wave
    if wave.ndim == 1 and wave.size == n and n != n_nodes:
        return wave[:, None]
    if wave.ndim == 1 and wave.size == n_nodes:
        return wave[None, :]
    raise ValueError(
        f"stim_cfg: an input of shape {wave.shape}; give a number, ({n_nodes},) "
        f"for nodes, ({n},) for steps, ({n}, {n_nodes}), or a function of time in s."
    )
