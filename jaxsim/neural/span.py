"""Spans: how a simulation is cut into pieces that share one compiled loop body."""

import math
from typing import NamedTuple

from jaxsim.neural.noise import BLOCK


class Plan(NamedTuple):
    """A span has `ticks`. It completes `samples` samples, or `parts` of it make one.

    Short samples: `samples` of them fill a span and `parts` is 1. Long samples:
    `samples` is 1 and a sample takes `parts` spans.
    """

    ticks: int
    samples: int
    parts: int


def plan(ticks_per_sample: int, grain: int = 1, blocks: int = 1) -> Plan:
    """Spans about as long as a block of noise, that end where samples end.

    Args:
        ticks_per_sample: the monitor's period.
        grain: ticks that the monitor wants to see together; divides the period.
        blocks: of noise in a span of short samples.
    """
    if ticks_per_sample <= BLOCK:
        samples = blocks * (BLOCK // ticks_per_sample)
        return Plan(samples * ticks_per_sample, samples, 1)
    grains = ticks_per_sample // grain
    fits = [d for d in range(1, max(1, BLOCK // grain) + 1) if grains % d == 0]
    ticks = fits[-1] * grain
    if ticks < BLOCK // 8:  # the period has no divisor worth a loop
        return Plan(ticks_per_sample, 1, 1)
    return Plan(ticks, 1, ticks_per_sample // ticks)


def blocks_at_once(n_ticks: int, n_nodes: int) -> int:
    """Blocks of noise that a single run of few nodes draws at once.

    What a block costs besides its draws is as much as a hundred ticks of one node.
    """
    if n_nodes > 16:
        return 1
    n_blocks = -(-n_ticks // BLOCK)
    return next(k for k in (5, 4, 3, 2, 1) if n_blocks % k == 0)


def whole_ticks(time_s: float, dt_s: float, name: str, what: str = "steps of") -> int:
    """How many steps of `dt_s` make up a time.

    Raises:
        ValueError: it is not a multiple of the step.
    """
    if not (dt_s > 0 and math.isfinite(time_s / dt_s)):
        return 0  # the cards of both refuse it by name
    ratio = time_s / dt_s
    ticks = round(ratio)
    if abs(ratio - ticks) > 1e-6 * max(1.0, ratio) or (time_s > 0 and ticks == 0):
        near = sorted({max(1, int(ratio)) * dt_s, (int(ratio) + 1) * dt_s})
        raise ValueError(
            f"{name} = {time_s:g} s is {ratio:.6g} {what} {dt_s:g} s, not a whole "
            f"number. Take {' or '.join(f'{time:.10g}' for time in near)} s, or change "
            "the other."
        )
    return ticks
