"""Recording: the signals of one run, or of a batch of runs, and how each run ended."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, PRNGKeyArray, UInt8

from jaxsim.core.declared import Declared, nearest
from jaxsim.core.signal import Series, Signal
from jaxsim.core.trials import Trials


PENDING, OK, NON_FINITE, ERROR, NOT_CONVERGED, DEGENERATE = range(6)

RESULTS = {
    PENDING: "not yet run",
    OK: "ok",
    NON_FINITE: "diverged: a recorded signal is not finite, or outside its plausible "
    "range. Try a smaller dt_s or another point of the parameters.",
    ERROR: "stopped by an error; run it again.",
    NOT_CONVERGED: "an iteration did not converge; allow more iterations.",
    DEGENERATE: "the input leaves nothing to compute (constant, empty or singular), or "
    "does not fit into the sizes that were planned for it (those of a movie: plan them "
    "anew with js.imaging.planned).",
}


class Recording(eqx.Module):
    """Signals by name, with a status per run.

    In a batch (a sweep) every array has the axes of the design in front, and `status`
    has just those. `process`, `key` and `design` are what made it; they are attached
    after the run, on the host; so are `trials`, where it has any.
    """

    series: tuple[Series, ...]  # a tuple: mappings lose their order in a pytree
    names: tuple[str, ...] = eqx.field(static=True)
    status: UInt8[Array, "..."] | UInt8[np.ndarray, "..."]
    process: Declared | None = None
    key: PRNGKeyArray | None = None
    design: Any = None
    trials: Trials | None = eqx.field(static=True, default=None)

    def __getitem__(self, name: str) -> Series:
        if name not in self.names:
            raise KeyError(
                f"this recording has no '{name}'; it has {', '.join(self.names)}."
                f"{nearest(name, self.names)}"
            )
        return self.series[self.names.index(name)]

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __iter__(self) -> Any:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    @property
    def ok(self) -> bool:
        """Whether every run ended well."""
        return bool((np.asarray(self.status) == OK).all())

    @property
    def result(self) -> str:
        """How it ended, in words, and what to try."""
        codes, counts = np.unique(np.asarray(self.status), return_counts=True)
        if len(codes) == 1:
            return RESULTS[int(codes[0])]
        parts = zip(codes, counts, strict=True)
        return "; ".join(f"{n} runs {RESULTS[int(code)]}" for code, n in parts)

    def __repr__(self) -> str:
        lines = []
        for name, series in zip(self.names, self.series, strict=True):
            clock = f", {series.clock.rate_hz:g} Hz" if series.clock else ""
            shape = "x".join(map(str, series.values.shape)) or "scalar"
            lines.append(
                f"  {name:<16} {shape:>14} ({series.card.dims or '-'}) "
                f"{series.card.unit}{clock}"
            )
        batch = f" of {np.size(self.status)} runs" if np.ndim(self.status) else ""
        state = "" if isinstance(self.status, Tracer) else f": {self.result}"
        return f"Recording{batch}{state}\n" + "\n".join(lines)

    def made_by(
        self, process: Declared, key: PRNGKeyArray, design: Any = None
    ) -> "Recording":
        """The same signals, with what made them."""
        facts = process, key, design, self.trials
        return Recording(self.series, self.names, self.status, *facts)

    def with_trials(self, rows: Any) -> "Recording":
        """The same recording with a table of trials, as `Trials.from_rows` takes it.

        It is saved with the recording, and `ChunkDataset(where=...)` chooses by it.
        """
        who = self.process, self.key, self.design
        made = Trials.from_rows(rows)
        return Recording(self.series, self.names, self.status, *who, made)

    def measure(self, function: Callable[..., Any], *names: str) -> "Recording":
        """Apply a function of arrays to signals of every run.

        Args:
            function: takes the values of the named signals of ONE run; gives an array,
                or a mapping or named tuple of arrays. It is vmapped over the batch.
            *names: which signals, in the order of its arguments.

        Returns:
            A recording of the results, under the function's (or the mapping's) names,
            with the same status, process and design.
        """
        call = function
        for _ in range(np.ndim(self.status)):
            call = jax.vmap(call)
        out = jax.jit(call)(*(jnp.asarray(self[name].values) for name in names))
        title = getattr(function, "__name__", "measure")
        if hasattr(out, "_asdict"):
            out = out._asdict()
        if isinstance(out, (tuple, list)):
            out = {f"{title}_{i}": value for i, value in enumerate(out)}
        found = out if isinstance(out, dict) else {title: out}
        doc = (function.__doc__ or title).strip().split("\n")[0]
        series = []
        for name, value in found.items():
            lead = np.ndim(self.status)
            dims = " ".join(f"{name}_{i}" for i in range(value.ndim - lead))
            series.append(Series(value, None, Signal(dims, "1", doc, observed=True)))
        who = self.process, self.key, self.design, self.trials
        return Recording(tuple(series), tuple(found), self.status, *who)

    def to_xarray(self) -> Any:
        """A DataTree: what instruments show in /recording, the rest in /truth."""
        from jaxsim.core.tree import to_xarray

        return to_xarray(self)

    def to_dataframe(self) -> Any:
        """A pandas table of scalar signals: a row per run, with its design point."""
        from jaxsim.core.tree import to_dataframe

        return to_dataframe(self)


def record_of(
    made: dict[str, Any], names: tuple[str, ...], statuses: list
) -> Recording:
    """The named signals with their status, under a trace.

    Args:
        made: everything made, by name and by path.
        names: what to record; all of it must be in `made`.
        statuses: codes that steps themselves gave (the worst counts).
    """
    series = tuple(made[name] for name in names)
    fine = jnp.asarray(True)
    for one in series:
        fine = fine & sound(one)
    code = jnp.asarray(OK, jnp.uint8)
    for given in statuses:
        code = jnp.maximum(code, jnp.asarray(given).astype(jnp.uint8).max())
    code = jnp.where(fine, code, jnp.maximum(code, jnp.asarray(NON_FINITE, jnp.uint8)))
    return Recording(series, names, code)


def sound(series: Series) -> Any:
    """Whether all values are finite and within the card's plausible range."""
    values = series.values
    if not jnp.issubdtype(values.dtype, jnp.floating):
        return jnp.asarray(True)
    low, high = (jnp.asarray(bound, values.dtype) for bound in series.card.plausible)
    return (jnp.isfinite(values) & (values >= low) & (values <= high)).all()
