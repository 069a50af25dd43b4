"""What does the gradient of a movie loss to ten parameters cost, in time and memory?

The squared distance from a movie seen, every step on, relaxed readout. A forward run is
`js.simulate` of the same movie; memory is what the program needs beside its arguments,
for a short movie and one of four times its frames.
"""

import time
from typing import Any

import jax
import jax.numpy as jnp

import jaxsim as js
from benchmarks.measuring import Effort, Result, Table, Target, interleaved, say
from benchmarks.movies import small


FREE = (
    "miniscope.na",
    "optics.scatter_mfp_emission_um",
    "calcium.tau_decay_s",
    "calcium.f0",
    "neuropil.amplitude",
    "illumination.falloff",
    "vignette.falloff",
    "leakage.level",
    "sensor.photons_per_unit",
    "motion.amplitude_um",
)


def measure(effort: Effort) -> Result:
    rows, ratios, temporary = [], {}, []
    frames = effort.pick((150, 600), (4, 16))
    for n_frames in frames:
        programs, compiled = of_movie(n_frames)
        took = interleaved(programs, effort._replace(rounds=5))
        run = took["simulate"].median_s
        for name, timing in took.items():
            compile_s, megabytes = compiled.get(name, (None, None))
            ratio = timing.median_s / run
            rows.append([n_frames, name, timing.median_s, ratio, megabytes, compile_s])
            say(f"{n_frames} frames, {name}: {ratio:.3g} runs")
        ratios[n_frames] = took["gradient"].median_s / run
        temporary.append(compiled["gradient"][1])
    columns = ("frames", "what", "s", "times a run", "XLA temporary MB", "compiles s")
    targets = [
        Target("gradient to 10 parameters, runs", ratios[frames[-1]], 4.0, False),
        Target(
            "memory of four times the frames", temporary[1] / temporary[0], 1.5, False
        ),
    ]
    return Result([Table("128 x 128 pixels, 110 cells", columns, rows)], targets)


def of_movie(n_frames: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Calls to be timed, and the seconds and megabytes of what was compiled ahead."""
    process = js.replace(small(n_frames), {"sensor.readout": "relaxed"})
    key, names = jax.random.key(0), ("movie",)
    there = js.replace(process, {"miniscope.na": 0.28, "vignette.falloff": 0.5})
    seen = js.simulate(there, key, names)["movie"].values

    def loss(values: dict[str, Any], seen: Any, key: Any) -> Any:
        distance = js.frame_loss(
            lambda movie, seen: ((movie - seen) ** 2).mean() / 1e4, seen=seen
        )
        return distance.value(js.replace(process, values), key)

    values = {path: jnp.asarray(js.get(process, path)) for path in FREE}
    calls: dict[str, Any] = {
        "simulate": lambda i: js.simulate(process, jax.random.key(i), names)
    }
    compiled = {}
    for name, function in {"loss": loss, "gradient": jax.value_and_grad(loss)}.items():
        began = time.perf_counter()
        program = jax.jit(function).lower(values, seen, key).compile()
        took, memory = time.perf_counter() - began, program.memory_analysis()
        compiled[name] = (took, memory.temp_size_in_bytes / 1e6 if memory else None)
        calls[name] = lambda i, run=program: run(values, seen, jax.random.key(i))
    return calls, compiled
