"""Its fit dicts as a process, a loss and free paths: what `js.fit` takes."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PRNGKeyArray

from jaxsim.convert.brainpy_wendling.config import (
    STANDARD_PARAMS,
    checked,
    refuse_unknown,
)
from jaxsim.convert.brainpy_wendling.network import network
from jaxsim.convert.brainpy_wendling.spectrum import density, select
from jaxsim.core.declared import replace
from jaxsim.core.recording import Recording
from jaxsim.measure import build_loss
from jaxsim.neural.network import Network
from jaxsim.study.prior import LogUniform, Uniform


RATES = ("a", "b", "g")  # searched by ratios unless told otherwise
DEFAULT_BOUNDS = {
    "A": (1.0, 10.0),
    "B": (5.0, 40.0),
    "G": (5.0, 40.0),
    "a": (50.0, 200.0),
    "b": (20.0, 120.0),
    "g": (200.0, 1200.0),
    "G_net": (0.0, 5.0),
}


@dataclasses.dataclass
class SearchSpace:
    """Where to search: bounds by name, names searched by ratios, and fixed values."""

    bounds: dict[str, Any] = dataclasses.field(default_factory=dict)
    log_scale: Iterable[str] = dataclasses.field(default_factory=set)
    fixed: dict[str, Any] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        self.log_scale = set(self.log_scale)
        known = (*STANDARD_PARAMS, "G_net")
        refuse_unknown("the search space", (*self.bounds, *self.fixed), known)
        refuse_unknown("log_scale", self.log_scale, (*self.bounds, *self.fixed))
        both = set(self.bounds) & set(self.fixed)
        if both:
            raise ValueError(
                f"search space: {min(both)} has bounds and a fixed value; give one."
            )

    @classmethod
    def default(cls) -> "SearchSpace":
        """A, B, G, a, b, g and G_net; the rates by ratios."""
        return cls(dict(DEFAULT_BOUNDS), set(RATES))

    def clip(self, params: Mapping[str, Any]) -> dict[str, float]:
        """Values put inside their bounds; others as they are."""
        ends = {name: self.bounds.get(name, (-np.inf, np.inf)) for name in params}
        return {n: float(np.clip(v, *ends[n])) for n, v in params.items()}

    def sample_random(self, rng: np.random.Generator | None = None) -> dict[str, float]:
        """A point: uniform, in the logarithm where searched by ratios."""
        rng = np.random.default_rng() if rng is None else rng
        point = {}
        for name, (low, high) in self.bounds.items():
            if name in self.log_scale:
                point[name] = float(np.exp(rng.uniform(np.log(low), np.log(high))))
            else:
                point[name] = float(rng.uniform(low, high))
        return {**point, **self.fixed}


@dataclasses.dataclass(frozen=True)
class Problem:
    """A fit: `js.fit(problem.process, problem.loss, problem.free, problem.key)`.

    Attributes:
        process: the network, at the fixed values, free ones in the middle.
        loss: of a recording; its value and {term: unweighted value}.
        free: path -> prior over its bounds.
        key: of the noise.
        names: path -> the name of that program.
        freqs: bins at which spectra are compared, Hz.
    """

    process: Network
    loss: Callable[[Recording], Any]
    free: dict[str, Any]
    key: PRNGKeyArray
    names: dict[str, str]
    freqs: np.ndarray


def problem(
    opt_cfg: Mapping[str, Any] | None = None,
    objective_cfg: Mapping[str, Any] | None = None,
    target_psd: Any = None,
    target_freqs: Any = None,
    *,
    compat: bool = False,
) -> Problem:
    """The fit that these dicts describe; see `optimize`.

    Raises:
        ValueError: no target, a target whose bins cannot be matched, an unknown key.
    """
    opt = checked("opt_cfg", opt_cfg, compat)
    objective = checked("objective_cfg", objective_cfg, compat)
    if target_psd is None:
        raise ValueError("optimize: target_psd is required: what is to be fitted?")
    net = objective.get("network_cfg", opt.get("network_cfg"))
    noise = dict(objective.get("noise_cfg") or {})
    noise.setdefault("seed", _seed(opt, compat))
    process = network(
        objective.get("sim_cfg"), objective.get("model_cfg"), net,
        objective.get("stim_cfg"), noise, compat=compat,
    )  # fmt: skip
    space = _space(opt, process, compat)
    paths = {name: _path(process, name) for name in (*space.bounds, *space.fixed)}
    free = {}
    for name, (low, high) in space.bounds.items():
        if not low < high:
            raise ValueError(
                f"search_space: {name} = ({low}, {high}): give the lower end first."
            )
        prior = LogUniform if name in space.log_scale else Uniform
        free[paths[name]] = prior(float(low), float(high))
    if not compat:
        fixed = {paths[name]: value for name, value in space.fixed.items()}
        process = replace(process, fixed) if fixed else process
    middle = {path: _middle(prior) for path, prior in free.items()}
    loss, freqs = _loss(objective, process, target_psd, target_freqs, compat)
    return Problem(
        process=replace(process, middle),
        loss=loss,
        free=free,
        key=jax.random.key(noise["seed"]),
        names={paths[name]: name for name in space.bounds},
        freqs=freqs,
    )


def _seed(opt: Mapping[str, Any], compat: bool) -> int:
    """Of the noise of every evaluation; that program took 0 for none."""
    seed = opt.get("seed")
    return 42 if seed is None or (compat and not seed) else int(seed)


def _space(opt: Mapping[str, Any], process: Network, compat: bool) -> SearchSpace:
    given = opt.get("search_space")
    alone = process.connectome is None
    if given is None:
        space = SearchSpace.default()
        if alone and not compat:
            del space.bounds["G_net"]
    elif isinstance(given, SearchSpace):
        space = given
    elif hasattr(given, "bounds"):  # an object of that program
        more = getattr(given, "log_scale", ()), dict(getattr(given, "fixed", {}))
        space = SearchSpace(dict(given.bounds), *more)
    elif isinstance(given, Mapping):
        space = _space_of_dict(given, opt, compat)
    else:
        raise TypeError(f"search_space must be a dict or a SearchSpace, not {given!r}.")
    if not space.bounds:
        raise ValueError("search_space has no bounds: nothing is free.")
    if alone and not compat and "G_net" in (*space.bounds, *space.fixed):
        raise ValueError(
            "search_space: G_net does nothing in a single node. Take it out, or give "
            "network_cfg."
        )
    return space


def _space_of_dict(
    given: Mapping[str, Any], opt: Mapping[str, Any], compat: bool
) -> SearchSpace:
    """Plain bounds, or {"bounds", "log_scale", "fixed"}."""
    cfg = dict(given) if "bounds" in given else {"bounds": dict(given)}
    refuse_unknown("search_space", cfg, ("bounds", "log_scale", "fixed"))
    bounds = {name: tuple(ends) for name, ends in cfg["bounds"].items()}
    for name, ends in bounds.items():
        if len(ends) != 2:
            raise ValueError(f"search_space: {name} = {ends} is not (low, high).")
    if compat:
        return SearchSpace(bounds)
    usual = [name for name in RATES if name in bounds]
    by_ratio: Any = cfg.get("log_scale", opt.get("log_scale", usual))
    return SearchSpace(bounds, by_ratio, dict(cfg.get("fixed", opt.get("fixed") or {})))


def _path(process: Network, name: str) -> str:
    if name == "G_net":
        return "coupling.G"
    if name == "p_sigma" and process.noise is not None:
        return "noise.sigma"
    inside = "model.column" if hasattr(process.model, "column") else "model"
    return f"{inside}.{name}"


def _middle(prior: Any) -> float:
    if isinstance(prior, LogUniform):
        return float(np.sqrt(prior.low * prior.high))
    return float(prior.low + prior.high) / 2


def _loss(
    objective: Mapping[str, Any],
    process: Network,
    target_psd: Any,
    target_freqs: Any,
    compat: bool,
) -> tuple[Callable[[Recording], Any], np.ndarray]:
    cfg = checked("psd_cfg", objective.get("psd_cfg"), compat)
    rate = 1.0 / process.dt_s
    fs = float(cfg.get("fs") or rate)
    if abs(fs / rate - 1) > 1e-6 and not compat:
        raise ValueError(
            f"psd_cfg: fs = {fs:g} Hz, but a step of {process.dt_s:g} s gives "
            f"{rate:g} Hz. Leave fs out."
        )
    ways = (
        cfg.get("nperseg"), cfg.get("noverlap"), cfg.get("window", "hann"),
        cfg.get("detrend", "constant"),
    )  # fmt: skip
    n = round(process.duration_s / process.dt_s)
    per = min(int(2.0 * fs), n) if ways[0] is None else int(ways[0])
    freqs = np.fft.rfftfreq(per, 1.0 / fs)
    inside = np.ones(len(freqs), bool)
    if cfg.get("freq_range") is not None and not compat:
        low, high = cfg["freq_range"]
        inside = (freqs >= low) & (freqs <= high)
        if not inside.any():
            raise ValueError(
                f"psd_cfg: no bin lies in freq_range = ({low}, {high}) Hz; they are "
                f"{freqs[1]:.3g} Hz apart. Give a longer nperseg."
            )
    target = _target(target_psd, target_freqs, freqs, inside, compat)
    terms = _terms(objective)
    roi = (cfg.get("roi", "none"), cfg.get("roi_nodes"))
    select(np.zeros((1, process.n_nodes)), *roi)  # its sentence, early
    kept = freqs[inside]

    def loss(recording: Recording) -> tuple[Any, dict[str, Any]]:
        signals = select(recording["activity"].values, *roi)
        psd = density(signals, fs, *ways)[1][inside]
        psd = psd[:, 0] if psd.shape[1] == 1 else psd
        goal = jnp.asarray(target, psd.dtype)
        if isinstance(recording["activity"].values, np.ndarray):  # a loss in NumPy
            psd, goal = np.asarray(psd), np.asarray(goal)
        details = {name: term(psd, goal, kept) for name, _, term in terms}
        total = sum(weight * details[name] for name, weight, _ in terms)
        return total, details

    return loss, kept


def _target(
    psd: Any, at: Any, freqs: np.ndarray, inside: np.ndarray, compat: bool
) -> np.ndarray:
    """The target at the bins that are compared, (freq,) or (freq, node)."""
    psd = np.asarray(psd, float)
    psd = psd[:, 0] if psd.ndim == 2 and psd.shape[1] == 1 else psd
    wanted = freqs[inside]
    if at is not None and not compat:
        at = np.asarray(at, float).ravel()
        if len(at) != len(psd):
            raise ValueError(
                f"target_freqs has {len(at)} bins for a target_psd of {len(psd)}."
            )
        if wanted[0] < at[0] - 1e-9 or wanted[-1] > at[-1] + 1e-9:
            raise ValueError(
                f"target_freqs reach from {at[0]:g} to {at[-1]:g} Hz, but spectra are "
                f"compared from {wanted[0]:g} to {wanted[-1]:g} Hz. Narrow "
                "psd_cfg['freq_range']."
            )
        columns = psd[:, None] if psd.ndim == 1 else psd
        moved = np.stack([np.interp(wanted, at, c) for c in columns.T], axis=1)
        return moved[:, 0] if psd.ndim == 1 else moved
    if len(psd) == len(freqs):
        return psd[inside]
    if len(psd) == len(wanted):
        return psd
    raise ValueError(
        f"target_psd has {len(psd)} bins, the simulation {len(freqs)} ({len(wanted)} "
        "in freq_range). Give target_freqs (then it is interpolated), or compute it "
        "with the same fs and nperseg."
    )


def _terms(objective: Mapping[str, Any]) -> list[tuple[str, float, Any]]:
    """Name, weight and function of every loss; a name that comes again is numbered."""
    listed = objective.get("losses")
    if listed is None:
        name = objective.get("loss_name", "psd_mse")
        listed = [{"name": name, "cfg": objective.get("loss_cfg")}]
    if not listed:
        raise ValueError("objective_cfg: losses is empty; name one or more.")
    found: dict[str, tuple[float, Any]] = {}
    for entry in listed:
        item: dict[str, Any] = {"name": entry} if isinstance(entry, str) else {**entry}
        refuse_unknown("a loss", item, ("name", "weight", "cfg"))
        name, options = item.get("name"), dict(item.get("cfg") or {})
        if name == "log_psd_mse" and "epsilon" in options:
            options["floor"] = options.pop("epsilon")
        term = build_loss(str(name), **options)
        label, n = str(name), 2
        while label in found:
            label, n = f"{name}_{n}", n + 1
        found[label] = (float(item.get("weight", 1.0)), term)
    return [(name, weight, term) for name, (weight, term) in found.items()]
