"""Ask/tell searches: cma, nevergrad, random and Sobol points over one evaluator."""

import abc
import math
import warnings
from typing import Any

import jax
import numpy as np

from jaxsim.core.progress import Progress, reporter
from jaxsim.study.design import unit_points
from jaxsim.study.evaluator import Evaluator
from jaxsim.study.fitted import Fitted, pick


class AbstractSearcher(abc.ABC):
    """Asks for points of the unit cube, is told their losses (smaller is better)."""

    @abc.abstractmethod
    def ask(self) -> np.ndarray:
        """The next points (n, d), fractions of the way between the bounds."""

    @abc.abstractmethod
    def tell(self, points: np.ndarray, losses: np.ndarray) -> None:
        """The losses (n,) of points that were asked for; inf where a run failed."""


class PointsSearcher(AbstractSearcher):
    """Random, Latin hypercube or Sobol points: a search that learns nothing."""

    def __init__(self, start: np.ndarray, budget: int, key: Any, method: str) -> None:
        rest = unit_points(max(budget - 1, 1), len(start), key, method)
        self.points = np.stack([start, *rest])[:budget]

    def ask(self) -> np.ndarray:
        """All points at once, then none."""
        asked, self.points = self.points, self.points[:0]
        return asked

    def tell(self, points: np.ndarray, losses: np.ndarray) -> None:
        """Learns nothing."""


class CmaSearcher(AbstractSearcher):
    """CMA-ES of the `cma` package, its population one block.

    The search is told nothing of bounds: it walks in a space that is folded into the
    box by reflection. (Its own bounds fail in version 4.5, "not yet initialized", when
    a spread outgrows the box.)
    """

    def __init__(
        self, start: np.ndarray, key: Any, population: int | None, spread: float
    ) -> None:
        cma = _import("cma")
        options = {
            "seed": _seed(key),
            "verbose": -9,
            "verb_log": 0,
            "tolfun": 0,
            "tolfunhist": 0,
        }
        if population is not None:
            options["popsize"] = population
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.search = cma.CMAEvolutionStrategy(start.tolist(), spread, options)

    def ask(self) -> np.ndarray:
        """One generation."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.asked = np.asarray(self.search.ask())
        return 1.0 - np.abs(1.0 - self.asked % 2.0)

    def tell(self, points: np.ndarray, losses: np.ndarray) -> None:
        """The losses of that generation, whole."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.search.tell(list(self.asked), _finite(losses).tolist())


class NevergradSearcher(AbstractSearcher):
    """Any optimizer of nevergrad's registry, asked for `workers` points at a time.

    Under NumPy 2.4, nevergrad's NGOpt fails when it turns to a surrogate model. It is
    then replaced by nevergrad's CMA, told of all that was seen, with a warning.
    """

    def __init__(
        self, start: np.ndarray, budget: int, key: Any, name: str, workers: int
    ) -> None:
        self.ng = _import("nevergrad")
        if name not in self.ng.optimizers.registry:
            from jaxsim.core.declared import nearest

            known = list(self.ng.optimizers.registry)
            raise ValueError(
                f"nevergrad has no optimizer '{name}'.{nearest(name, known)} CMA, DE, "
                "TwoPointsDE, PSO and NGOpt are some that it has."
            )
        self.start, self.budget, self.workers = start, budget, workers
        self.name, self.seed = name, _seed(key)
        self.told: list[tuple[np.ndarray, float]] = []
        self.search = self._build(name, budget)

    def _build(self, name: str, budget: int) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            box = self.ng.p.Array(init=self.start, lower=0.0, upper=1.0)
            box.random_state = np.random.RandomState(self.seed)
            make = self.ng.optimizers.registry[name]
            return make(box, budget=budget, num_workers=self.workers)

    def _call(self, act: Any) -> Any:
        """Something asked of nevergrad, with a way out when it breaks."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                return act()
            except Exception as error:  # its own faults come as any kind
                fault = f"{type(error).__name__}: {error}"
        if self.name == "CMA":
            raise RuntimeError(f"nevergrad's CMA failed ({fault}). Try method='cma'.")
        warnings.warn(
            f"nevergrad's {self.name} failed after {len(self.told)} evaluations "
            f"({fault}; NGOpt's surrogate models do so under NumPy 2.4). Going on with "
            "its CMA.",
            RuntimeWarning,
            stacklevel=4,
        )
        self.name = "CMA"
        if self.told:
            self.start = min(self.told, key=lambda pair: pair[1])[0]
        self.search = self._build("CMA", max(1, self.budget - len(self.told)))
        return None

    def ask(self) -> np.ndarray:
        """`workers` points."""

        def some() -> list:
            return [self.search.ask() for _ in range(self.workers)]

        asked = self._call(some)
        self.asked = some() if asked is None else asked
        return np.stack([candidate.value for candidate in self.asked])

    def tell(self, points: np.ndarray, losses: np.ndarray) -> None:
        """The losses of those points."""
        finite = _finite(losses)
        self.told += list(zip(points, finite.tolist(), strict=True))

        def all_of_them() -> bool:
            for candidate, loss in zip(self.asked, finite, strict=False):
                self.search.tell(candidate, float(loss))
            return True

        self._call(all_of_them)


def searcher(
    method: str,
    evaluator: Evaluator,
    budget: int,
    *,
    population: int | None = None,
    workers: int = 1,
    spread: float = 0.3,
) -> AbstractSearcher:
    """A search to be asked and told by hand; `search` and `fit` drive one.

    Args:
        method: "cma", "nevergrad:<name>" (CMA, TwoPointsDE, NGOpt, ...), "random",
            "latin_hypercube" or "sobol".
        evaluator: says the bounds, the start (its process), and the seed (its key).
        budget: how many points there will be.
        population: of cma; by default its own, 4 + 3 ln d.
        workers: points that nevergrad is asked for at a time.
        spread: first standard deviation of cma, as a share of the box.

    Raises:
        ValueError: an unknown method, or a free path without finite bounds.
        ImportError: the package is not there; the sentence names the extra.
    """
    space = evaluator.space
    space.require_box(method)
    key = jax.random.fold_in(evaluator.key, 3)
    start = np.concatenate([np.ravel(r.unit_of(r.centre)) for r in space.ranges])
    if method in ("random", "latin_hypercube", "sobol"):
        return PointsSearcher(start, budget, key, method)
    if method == "cma":
        return CmaSearcher(start, key, population, float(spread))
    if method.startswith("nevergrad:"):
        name = method.removeprefix("nevergrad:")
        return NevergradSearcher(start, budget, key, name, workers)
    raise ValueError(
        f"'{method}' is no search: 'cma', 'nevergrad:CMA' (or another of its names), "
        "'random', 'latin_hypercube' or 'sobol'."
    )


def search(
    evaluator: Evaluator,
    method: str,
    budget: int,
    *,
    progress: Progress = None,
    **options: Any,
) -> Fitted:
    """Ask, evaluate, tell, until the budget is spent.

    The history is in `losses` (1, evaluation) and in `details["points"]`.

    Args:
        evaluator: the loss, compiled or on the host.
        method: as in `searcher`.
        budget: simulations; each evaluation costs `n_keys` of them.
        progress: as in `sweep`, counted in evaluations.
        **options: `population`, `workers`, `spread`, as in `searcher`.
    """
    n = math.floor(budget / evaluator.task.n_keys)
    if n < 1:
        raise ValueError(
            f"budget = {budget} simulations is less than one evaluation of "
            f"{evaluator.task.n_keys} noise seeds."
        )
    walker = searcher(method, evaluator, n, **options)
    points, losses, terms = [], [], []
    done = 0
    with reporter(progress, n, method, "evaluations") as report:
        while done < n:
            asked = walker.ask()
            if len(asked) == 0:
                break
            units = asked[: n - done]
            values, parts = evaluator.with_terms(units, of="unit")
            if len(units) == len(asked):  # a half generation cannot be told
                walker.tell(units, values)
            points.append(units)
            losses.append(values)
            terms.append(parts)
            done += len(units)
            report(done)
    units, values = np.concatenate(points), np.concatenate(losses)
    order = np.where(np.isfinite(values), values, np.inf)
    best = int(np.argmin(order))
    where = evaluator.bounded(units, "unit")
    mode = "host" if evaluator.on_host else "values"
    one = slice(best, best + 1)
    seen = {n: np.concatenate([part[n] for part in terms])[None] for n in terms[0]}
    return pick(
        evaluator, where[one], values[one], values[None], method, mode,
        terms=seen, details={"points": where},
    )  # fmt: skip


def _finite(losses: np.ndarray) -> np.ndarray:
    """A failed run gets a loss far above all others: searches take no inf or nan."""
    fine = np.isfinite(losses)
    worst = np.abs(losses[fine]).max() if fine.any() else 1.0
    return np.where(fine, losses, 1e3 * max(float(worst), 1.0)).astype(float)


def _seed(key: Any) -> int:
    return int(np.asarray(jax.random.bits(key, (), "uint32"))) % (2**31 - 1) + 1


def _import(name: str) -> Any:
    import importlib

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return importlib.import_module(name)
    except ImportError:
        raise ImportError(
            f"this search needs the package {name}, which is not installed: "
            'pip install "jaxsim-neuro[search]"'
        ) from None
