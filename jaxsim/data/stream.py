"""stream(process, prior, key): batches without end, made on the device as needed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PRNGKeyArray

from jaxsim.core.declared import card, replace
from jaxsim.core.pipeline import as_pipeline
from jaxsim.core.recording import NON_FINITE, Recording
from jaxsim.core.simulate import check_key
from jaxsim.core.step import AbstractStep, step_name
from jaxsim.data.samples import Recipe, sample, samples
from jaxsim.data.windows import Windows, check_windows
from jaxsim.study.lanes import place, sharding, whole
from jaxsim.study.plan import stretch
from jaxsim.study.prior import AbstractPrior


POLICIES = ("mask", "resample", "raise")
TRIES = 8  # times that a run is drawn anew before its status is left to the reader
Update = Callable[[Any, Recording], tuple[Any, Any]]
MOST = 2**32  # samples: what a number folded into a key can tell apart


class Stream:
    """Batches of simulated samples, endless and reproducible. Made by `js.stream`.

    Sample `n` of a stream is a function of the key and `n`: the values that the prior
    gives it, and the run with them. Batch `s` holds samples `s batch` to `(s + 1)
    batch - 1`, whatever the batch size, so all there is to remember is (key, step).

    ```python
    for batch in js.stream(process, prior, key, batch=64, record=("movie", "trace")):
        params = update(params, batch["movie"].values, batch["miniscope.na"].values)
    ```

    A batch is a recording with the batch axis in front; the drawn values are signals
    under their paths, and `batch.status` says of each sample how its run ended. The
    next batch is asked for before one is handed out, and nothing waits for a value, so
    on an accelerator the host is never in the way. On one device generation and
    training still share it: a step takes the time of both.

    Attributes:
        step: the batch that comes next.
    """

    def __init__(self, recipe: Recipe, batch: int, raises: bool, lanes: Any) -> None:
        self.recipe, self.batch = recipe, batch
        self.step = 0
        self._raises, self._lanes = raises, lanes
        self._ahead: tuple[int, Recording] | None = None

    def __iter__(self) -> Iterator[Recording]:
        return self

    def __next__(self) -> Recording:
        step, ahead = self.step, self._ahead
        made = ahead[1] if ahead and ahead[0] == step else self._made(step)
        self._ahead = step + 1, self._made(step + 1)
        self.step = step + 1
        return self._checked(step, made)

    def at(self, step: int) -> Recording:
        """Batch number `step`, without those before it."""
        return self._checked(step, self._made(step))

    def skip(self, n_steps: int) -> "Stream":
        """Go on `n_steps` later; nothing is made in between."""
        self.step += n_steps
        return self

    def state_dict(self) -> dict[str, Any]:
        """Plain numbers that say where the stream is."""
        key = np.asarray(jax.random.key_data(self.recipe.key)).ravel().tolist()
        return {"key": key, "batch": self.batch, "step": self.step}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where a stream of the same process, prior and batch was.

        Raises:
            ValueError: a state of another key or batch size.
        """
        own = self.state_dict()
        for name in ("key", "batch"):
            if list(np.ravel(state[name])) != list(np.ravel(own[name])):
                raise ValueError(
                    f"this state is of a stream with {name} = {state[name]}, but this "
                    f"one has {name} = {own[name]}. Make the stream with the same "
                    f"{name}."
                )
        self.step = int(state["step"])

    def scan(
        self,
        update: Callable[[Any, Recording], tuple[Any, Any]],
        carry: Any,
        n_steps: int,
    ) -> tuple[Any, Any]:
        """Train inside one program: each batch is made where it is used.

        Args:
            update: (carry, batch) -> (carry, what to keep of the step), as in
                `jax.lax.scan`. Compiled once for each function and `n_steps`.
            carry: parameters, optimizer state, ...
            n_steps: batches to use; the stream goes on behind them.

        Returns:
            The last carry, and what was kept, stacked.
        """
        first = jax.device_put(np.uint32(self._first(self.step + n_steps - 1)))
        first = first - np.uint32((n_steps - 1) * self.batch)
        out = _scanned(update, self.recipe, carry, first, self.batch, n_steps)
        self.step += n_steps
        return out

    def take(self, n: int) -> Recording:
        """The first `n` samples of all, on the host.

        They are made in this stream's batches, so they are its bits.
        """
        parts = [self.at(s) for s in range(-(-n // self.batch))]
        host = [jax.tree.map(np.asarray, part) for part in parts]
        return jax.tree.map(lambda *x: np.concatenate(x)[:n], *host)

    def _first(self, step: int) -> int:
        first = step * self.batch
        if step < 0 or first + self.batch > MOST:
            raise ValueError(
                f"step {step} of {self.batch} samples is outside the {MOST} samples of "
                "a stream; take another key."
            )
        return first

    def _made(self, step: int) -> Recording:
        numbers = self._first(step) + np.arange(self.batch, dtype=np.int64)
        where = self._lanes
        numbers = numbers.astype(np.uint32)
        on_device = (
            jax.device_put(numbers) if where is None else place(numbers, where, True)
        )
        return samples(self.recipe, on_device)

    def _checked(self, step: int, made: Recording) -> Recording:
        if self._raises:
            bad = np.flatnonzero(np.asarray(made.status) == NON_FINITE)
            if len(bad):
                names = {p: made[p].values[bad[0]] for p in self.recipe.prior}
                raise FloatingPointError(
                    f"sample {step * self.batch + bad[0]} did not stay finite, at "
                    + ", ".join(f"{p} = {v}" for p, v in names.items())
                    + ". Narrow the prior, or let non_finite be 'mask' or 'resample'."
                )
        return made


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
) -> Stream:
    """Training data without end, at parameters drawn anew for every sample.

    Args:
        process: what is simulated.
        prior: path -> `js.uniform`, `js.log_uniform`, `js.normal`, `js.choice` or
            `js.curriculum`; values are held inside the bounds of their cards. Empty:
            the process as it is, with other noise in each sample.
        key: of the stream; `fold_in(key, n)` makes sample n.
        batch: samples at a time.
        record: names of signals, as in `simulate`.
        non_finite: of a run that does not stay finite: "mask" leaves it to the reader
            of `batch.status`; "resample" draws it anew, up to 8 times; "raise" stops,
            and so waits for every batch.
        windows: (how many, seconds): so many random windows are cut out of each run,
            for simulators that are slow. `batch` counts windows.
        devices: that share each batch; JAX's default device.

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
    ends = {path: _ends(process, path, one) for path, one in prior.items()}
    bounds = {path: card(process, path).bounds for path in prior}
    lanes = None if devices is None else sharding(tuple(devices))
    if devices is not None and whole(batch, len(devices)) != batch:
        raise ValueError(f"batch = {batch} cannot be shared by {len(devices)} devices.")
    roomy, key = place((stretch(process, ends), key), lanes, False)
    tries = TRIES if non_finite == "resample" else 0
    plain = Recipe(roomy, key, dict(prior), bounds, names, None, tries)
    cuts = None if windows is None else Windows(*windows)
    made = eqx.filter_eval_shape(sample, plain, jnp.uint32(0))
    if cuts is not None:
        check_windows(cuts, made)
        if batch % cuts.per_run:
            raise ValueError(
                f"batch = {batch} windows is not a multiple of the {cuts.per_run} that "
                "are cut out of each run."
            )
    return Stream(plain._replace(windows=cuts), batch, non_finite == "raise", lanes)


def _ends(process: AbstractStep, path: str, prior: Any) -> tuple[Any, Any]:
    """The lowest and highest values of a path, refused when they are not allowed."""
    found = card(process, path)
    if found.role == "static":
        raise ValueError(
            f"{path} is static: it shapes the program, and one stream has one program. "
            "Make a stream for each of its values."
        )
    if not isinstance(prior, AbstractPrior):
        raise TypeError(
            f"{path}: a prior is js.uniform(low, high), js.log_uniform(low, high), "
            f"js.normal(mean, sd), js.choice(...) or js.curriculum(...), not {prior!r}."
        )
    levels = np.broadcast_to(
        np.asarray([1e-6, 1.0 - 1e-6]).reshape(2, *[1] * len(prior.shape)),
        (2, *prior.shape),
    )
    low, high = (np.asarray(prior.quantile(u)) for u in levels)
    low, high = np.minimum(low, high), np.maximum(low, high)
    if (high < found.bounds[0]).any() or (low > found.bounds[1]).any():
        replace(process, {path: high if (high < found.bounds[0]).any() else low})
    return low.clip(*found.bounds), high.clip(*found.bounds)


@eqx.filter_jit
def _scanned(
    update: Any, recipe: Recipe, carry: Any, first: Any, batch: int, n_steps: int
) -> tuple[Any, Any]:
    def step(carry: Any, at: Any) -> tuple[Any, Any]:
        return update(carry, samples(recipe, at + jnp.arange(batch, dtype=jnp.uint32)))

    starts = first + jnp.arange(n_steps, dtype=jnp.uint32) * jnp.uint32(batch)
    return jax.lax.scan(step, carry, starts)
