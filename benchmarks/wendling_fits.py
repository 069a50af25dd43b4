"""Which way to fit a spectrum finds the parameters of six kinds of activity?"""

import functools
import statistics
import time
import warnings
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

import jaxsim as js
from benchmarks.measuring import Effort, Result, Table, Target, say


TYPES = tuple(f"Type{i}" for i in range(1, 7))
FREE = {"model.A": (2.0, 8.0), "model.B": (3.0, 60.0), "model.G": (0.0, 30.0)}
SIGMA = 100.0  # of the noise, per step of 0.1 ms: at 2 the field hardly moves
BUDGET = 960  # simulations; a gradient counts 1 + 3 (forward mode, three numbers)
SUCCESS = 1.5  # times the loss of the true parameters on the same noise
SEEDS = 3


@functools.cache
def adam(n_updates: int) -> Any:
    """One object for all fits, so that they share a program."""
    import optax

    return optax.adam(optax.cosine_decay_schedule(0.1, n_updates, 0.1))


# each spends the budget; the keys are rows of the table
METHODS: dict[str, dict[str, Any]] = {
    "screen 256, best 16 x 11 steps": {
        "method": "screen", "n_candidates": 256, "keep": 16, "n_updates": 11,
    },
    "screen 256, best 16 x 11 Adam steps": {
        "method": "screen", "n_candidates": 256, "keep": 16, "n_updates": 11,
        "optimizer": adam,
    },
    "16 starts x 15 steps": {"method": "gradient", "starts": 16, "n_updates": 15},
    "16 starts x 15 Adam steps": {
        "method": "gradient", "starts": 16, "n_updates": 15, "optimizer": adam,
    },
    "differential evolution, 64 x 15": {
        "method": "evolution", "population": 64, "generations": 15,
    },
    "CMA-ES (cma)": {"method": "cma", "budget": BUDGET},
    "nevergrad CMA": {"method": "nevergrad:CMA", "budget": BUDGET},
    "nevergrad TwoPointsDE": {"method": "nevergrad:TwoPointsDE", "budget": BUDGET},
}  # fmt: skip
PROMISED = next(iter(METHODS))


class SpectralLoss(eqx.Module):
    """Mean squared distance of log10 spectra, 1 to 50 Hz; its target is an argument."""

    target: Float[Array, " freq"]

    def __call__(self, recording: js.Recording) -> Any:
        psd = spectrum(recording)[:, 0]
        return js.measure.log_psd_mse(psd, self.target, floor=1e-9)


class Found(NamedTuple):
    """One fit beside the truth."""

    kind: str
    seed: int
    method: str
    loss: float
    floor: float
    simulations: float
    seconds: float
    values: dict[str, float]
    ends: dict[str, tuple[float, float]]
    held_out: float
    held_out_floor: float

    @property
    def ratio(self) -> float:
        return self.loss / self.floor

    @property
    def succeeds(self) -> bool:
        return self.ratio < SUCCESS

    @property
    def holds(self) -> bool:
        """Whether it is as near the target on noise that it was not fitted to."""
        return self.held_out < SUCCESS * self.held_out_floor


def spectrum(recording: js.Recording) -> Any:
    """Density at the 50 bins of 1 to 50 Hz, (freq, node)."""
    freqs, psd = js.measure.welch(recording["activity"], segment_s=1.0)
    return js.measure.crop(freqs, psd, (1.0, 50.0))[1]


def network(model: js.Wendling, duration_s: float, n_nodes: int = 1) -> js.Network:
    """Runge-Kutta steps of 1 ms after 1 s of burn-in; nodes are unconnected."""
    return js.Network(
        model=model,
        connectome=js.Connectome(jnp.zeros((n_nodes, n_nodes))),
        solver=js.RungeKutta4(),
        dt_s=1e-3,
        duration_s=duration_s,
        burn_in_s=1.0,
    )


def measure(effort: Effort) -> Result:
    kinds = effort.pick(TYPES, TYPES[3:4])
    seeds = range(effort.pick(SEEDS, 1))
    methods = dict(effort.pick(list(METHODS.items()), list(METHODS.items())[:1]))
    found = []
    for kind in kinds:
        target = true_spectrum(kind, effort.pick(32, 4))
        for seed in seeds:
            for method, options in methods.items():
                one = fit(kind, target, seed, method, options, effort)
                found.append(one)
                say(told(one))
    cost = gradient_cost(true_spectrum("Type4", 4), effort)
    first = [
        counted(
            f"fits with a loss below {SUCCESS} x that of the true parameters on the "
            "noise of the fit",
            found, kinds, methods, "succeeds",
        ),
        counted(
            f"fits with a mean loss below {SUCCESS} x that of the true parameters on "
            "other noise",
            found, kinds, methods, "holds",
        ),
    ]  # fmt: skip
    return Result(
        [*first, *details(found, methods)],
        targets(found, len(seeds)),
        notes(cost),
    )


def true_spectrum(kind: str, n_seeds: int) -> Any:
    """Mean spectrum of 8 s of many nodes with noise of their own."""
    model = js.Wendling.preset(kind, p_sigma=SIGMA)
    recording = js.simulate(network(model, 8.0, n_seeds), jax.random.key(999))
    return spectrum(recording).mean(axis=1)


def fit(
    kind: str, target: Any, seed: int, method: str, options: dict, effort: Effort
) -> Found:
    """Fit from the middle of the box; the same key gives all methods one noise."""
    loss, key = SpectralLoss(target), jax.random.key(seed)
    truth = js.Wendling.preset(kind, p_sigma=SIGMA)
    middle = {
        path.split(".")[1]: (low + high) / 2 for path, (low, high) in FREE.items()
    }
    process = network(js.Wendling(p_sigma=SIGMA, **middle), 4.0)
    right = js.replace(process, {path: js.get(truth, path[6:]) for path in FREE})
    options = dict(options)
    if "optimizer" in options:
        options["optimizer"] = options["optimizer"](options["n_updates"])
    began = time.perf_counter()
    with warnings.catch_warnings():  # NumPy's, from within nevergrad
        warnings.simplefilter("ignore")
        fitted = js.fit(process, loss, FREE, key, progress=False, **options)
    seconds = time.perf_counter() - began
    floor = js.Evaluator(right, loss, FREE, key)
    true_values = np.asarray([[float(js.get(right, path)) for path in FREE]])
    other = jax.random.key(10_000 + seed)  # noise that no fit saw
    n = effort.pick(16, 2)
    return Found(
        kind, seed, method, fitted.best_loss, float(floor(true_values)[0]),
        fitted.simulations, seconds,
        {path: float(js.get(fitted.best, path)) for path in FREE},
        ends_of(fitted, loss, key, method == PROMISED and not effort.quick),
        js.noise_floor(fitted.best, loss, other, n).mean,
        js.noise_floor(right, loss, other, n).mean,
    )  # fmt: skip


def ends_of(
    fitted: js.Fitted, loss: SpectralLoss, key: Any, profile: bool
) -> dict[str, tuple[float, float]]:
    """What the loss cannot tell from the best value, for every parameter."""
    how = {"method": "profile", "n_updates": 20} if profile else {"method": "laplace"}
    try:
        found = js.intervals(fitted, loss, FREE, key, **how)
    except ValueError:  # not finite around the point
        return dict.fromkeys(FREE, (np.nan, np.nan))
    return {p: (float(found.low[p]), float(found.high[p])) for p in FREE}


def told(one: Found) -> str:
    values = ", ".join(
        f"{path[-1]} {one.values[path]:.2f} ({low:.2f} to {high:.2f})"
        for path, (low, high) in one.ends.items()
    )
    return (
        f"{one.kind} seed {one.seed} {one.method}: {one.loss:.4f}, "
        f"{one.ratio:.2f} x floor{'' if one.succeeds else ' FAILS'}; {values}; "
        f"{one.simulations:g} simulations in {one.seconds:.0f} s"
    )


def counted(
    title: str, found: list[Found], kinds: Any, methods: Any, what: str
) -> Table:
    """Of how many fits something is true, by method and type."""
    rows = []
    for method in methods:
        mine = [one for one in found if one.method == method]
        counts = []
        for kind in kinds:
            of_kind = [one for one in mine if one.kind == kind]
            counts.append(f"{sum(getattr(x, what) for x in of_kind)}/{len(of_kind)}")
        total = f"{sum(getattr(one, what) for one in mine)}/{len(mine)}"
        spent = statistics.median(one.simulations for one in mine)
        rows.append([method, *counts, total, float(spent)])
    return Table(title, ("method", *kinds, "all", "simulations"), rows)


def details(found: list[Found], methods: Any) -> list[Table]:
    """Every fit: its loss beside its floor, its values and what they may be."""
    tables = []
    for method in methods:
        rows = []
        for one in found:
            if one.method != method:
                continue
            cells: list[Any] = [one.kind, one.seed, one.loss, one.floor]
            cells += [one.held_out, one.held_out_floor]
            for path, (low, high) in one.ends.items():
                cells.append(f"{one.values[path]:.2f} ({low:.2f} to {high:.2f})")
            rows.append([*cells, one.seconds])
        columns = (
            "type", "seed", "loss", "floor", "on other noise", "its floor",
            *(path[-1] for path in FREE), "s",
        )  # fmt: skip
        tables.append(Table(method, columns, rows))
    return tables


def targets(found: list[Found], n_seeds: int) -> list[Target]:
    mine = [one for one in found if one.method == PROMISED]
    best = sum(one.succeeds for one in mine)
    bound = 15 if n_seeds == SEEDS else 1
    return [Target(f"successes of {PROMISED}", float(best), float(bound), True)]


def gradient_cost(target: Any, effort: Effort) -> float:
    """Seconds of 16 losses with gradients over those of 16 losses."""
    process = network(js.Wendling(p_sigma=SIGMA), 4.0)
    evaluator = js.Evaluator(process, SpectralLoss(target), FREE, jax.random.key(0))
    points = np.random.default_rng(0).normal(size=(16, 3))
    calls = {
        "value": lambda: evaluator(points, of="free"),
        "gradient": lambda: evaluator.value_and_grad(points),
    }
    took: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(effort.pick(12, 2)):
        for name, call in calls.items():
            began = time.perf_counter()
            call()
            took[name].append(time.perf_counter() - began)
    value, gradient = (statistics.median(t[1:]) for t in took.values())
    return gradient / value


def notes(cost: float) -> list[str]:
    return [
        "targets: mean spectrum of 32 x 8 s; fits: 4 s after 1 s, Runge-Kutta 1 ms, "
        f"noise {SIGMA:g} per step of 0.1 ms; loss: mean squared difference of "
        "log10(psd), 1 to 50 Hz; the middle of the box is a start of every method",
        "steps are those of js.fit's own descent (L-BFGS that turns back) unless they "
        "are called Adam steps (0.1 falling to 0.01)",
        f"a gradient counts as 4 simulations; {cost:.2f} times the seconds of a value "
        "were measured, in batches of 16",
        "floor: the loss of the true parameters on the noise of the fit; on other "
        "noise: mean over 16 seeds that no fit saw",
        "in brackets: what the loss cannot tell from the best value (js.intervals: "
        "profile for screen, laplace for the others)",
    ]
