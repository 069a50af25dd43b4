"""plot(thing, what): one verb for every picture."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from jaxsim.core.declared import nearest
from jaxsim.core.recording import Recording
from jaxsim.core.step import AbstractStep
from jaxsim.plot.connectome import plot_graph, plot_lengths, plot_weights
from jaxsim.plot.coverage import plot_coverage
from jaxsim.plot.detectability import plot_detectability
from jaxsim.plot.fitted import plot_losses, plot_values
from jaxsim.plot.matrices import plot_connectivity, plot_dynamics, plot_matrix
from jaxsim.plot.modalities import plot_modalities
from jaxsim.plot.movie import plot_footprints, plot_movie
from jaxsim.plot.process import plot_table, plot_wiring
from jaxsim.plot.sources import plot_sources
from jaxsim.plot.spectra import plot_spectrum
from jaxsim.plot.states import plot_states
from jaxsim.plot.sweep import plot_sweep
from jaxsim.plot.topography import plot_topography
from jaxsim.plot.traces import plot_traces


Draw = Callable[..., Any]

SPECTRA, CONNECTIVITY, DYNAMICS = ("spectrum", "psd"), ("fc",), ("fcd",)
MAPS, SOURCES, ALL = ("topography",), ("sources",), "modalities"


def plot(thing: Any, what: str | None = None, **options: Any) -> Any:
    """Draw something, and return the matplotlib figure.

    | thing | what |
    |---|---|
    | recording | a signal's name: traces, a raster, a matrix, a movie; "spectrum" ("psd"), "fc", "fcd", "topography" of `signal=`; "sources": an estimate in the head; "modalities": all on one axis of time |
    | recording of a sweep | a signal's name, or "spectrum", against the swept parameter |
    | connectome | "weights", "lengths", "graph" |
    | result of a fit | "losses", "values" |
    | process | "wiring", "table" |
    | `js.imaging.detectability(...)` | "detectability" |
    | `js.measure.coverage_curve(...)`, of one run or many | "coverage" |

    The figure is not shown and not kept by pyplot: a notebook draws it when it is the
    last value of a cell; a script writes `figure.savefig("name.png")`.

    Args:
        thing: what to draw.
        what: which picture of it; the first one above by default.
        **options: of that picture: `signal`, `signals`, `nodes`, `span_s`, `style`, `freq_range`,
            `segment_s`, `at`, `at_s`, `layout`, `n_shown`, `after`, `which`, `title`; see `jaxsim.plot`.

    Raises:
        ImportError: matplotlib is not installed.
        TypeError: nothing is known to draw of such a thing, or an unknown option.
        ValueError: no such picture of it; the sentence names the nearest.
    """  # noqa: E501
    if isinstance(thing, Recording):
        return _plot_recording(thing, what, options)
    if hasattr(thing, "weights") and hasattr(thing, "tract_lengths_mm"):
        pictures = {"weights": plot_weights, "lengths": plot_lengths}
        pictures |= {"tract_lengths_mm": plot_lengths, "graph": plot_graph}
    elif hasattr(thing, "losses") and hasattr(thing, "best_losses"):
        pictures = {"losses": plot_losses, "values": plot_values}
    elif "snr_matched" in getattr(thing, "data_vars", ()):
        pictures = {"detectability": plot_detectability}
    elif hasattr(thing, "level") and hasattr(thing, "empirical"):
        pictures = {"coverage": plot_coverage}
    elif isinstance(thing, AbstractStep):
        pictures = {"wiring": plot_wiring, "table": plot_table}
    else:
        raise TypeError(
            f"there is no picture of {type(thing).__name__}. js.plot draws recordings, "
            "sweeps, connectomes, fits and processes."
        )
    kind = type(thing).__name__
    draw = pictures[_choose(kind, what, pictures)]
    return _call(draw, (thing,), options)


def _plot_recording(
    recording: Recording, what: str | None, options: dict[str, Any]
) -> Any:
    batch = np.ndim(recording.status)
    names = list(recording.names)
    if {"level", "empirical"} <= set(names) and what in (None, "coverage"):
        return _call(plot_coverage, (recording,), options)
    if what == ALL and ALL not in names:
        return _call(plot_modalities, (recording,), options)
    derived = [*SPECTRA, *CONNECTIVITY, *DYNAMICS, *MAPS, *SOURCES]
    if what == "movie" and "movie" not in names:
        raise ValueError(
            "this recording has no 'movie'; it has "
            f"{', '.join(names)}. Movies come with the imaging steps."
        )
    what = _choose("Recording", what, [*names, *derived, ALL], first=_first(recording))
    if what not in derived:
        name, picture = what, None
        if "signal" in options:
            raise TypeError(
                f"'{what}' is a signal already: signal= goes with {', '.join(derived)}."
            )
    else:
        if what in SOURCES and not batch:
            return _call(plot_sources, (recording,), options)
        timed = [n for n in names if recording[n].card.dims.startswith("time")]
        name = options.pop("signal", _first(recording))
        _choose("Recording", name, timed)
        picture = what
    if batch:
        if picture in (*CONNECTIVITY, *DYNAMICS, *MAPS, *SOURCES):
            raise ValueError(
                f"'{picture}' is a picture of one run, and this is a sweep of "
                f"{np.size(recording.status)}; reduce every run to a number with "
                "recording.measure(...), and plot that."
            )
        kind = "spectrum" if picture else "traces"
        return _call(plot_sweep, (recording, name, kind), options)
    series = recording[name]
    draw = _of_signal(series, name) if picture is None else _DERIVED[picture]
    if picture in MAPS:
        options = {"process": recording.process, **options}
    return _call(draw, (series, name), options)


_DERIVED: Mapping[str, Draw] = {
    "spectrum": plot_spectrum,
    "psd": plot_spectrum,
    "fc": plot_connectivity,
    "fcd": plot_dynamics,
    "topography": plot_topography,
}


def _of_signal(series: Any, name: str) -> Draw:
    dims = series.card.dims.split()
    if dims[:1] == ["time"] and dims[-2:] == ["y", "x"]:
        return plot_movie
    if dims == ["cell", "y", "x"]:
        return plot_footprints
    if dims[:1] == ["time"] and len(dims) <= 2:
        return plot_traces
    if dims[:1] == ["time"] and len(dims) == 3:
        return plot_states
    if len(dims) == 2:
        return plot_matrix
    raise ValueError(
        f"'{name}' has the axes '{series.card.dims}', of which there is no picture. "
        "Read its numbers from recording[...].values."
    )


def _first(recording: Recording) -> str:
    """What one looks at first: what an instrument shows, then what varies in time."""
    timed = [n for n in recording.names if recording[n].card.dims.startswith("time")]
    seen = [n for n in timed if recording[n].card.observed]
    return (seen or timed or list(recording.names))[0]


def _choose(
    kind: str, what: str | None, known: Any, *, first: str | None = None
) -> str:
    known = list(known)
    if what is None:
        return first or known[0]
    if what not in known:
        raise ValueError(
            f"there is no picture '{what}' of this {kind}; there are "
            f"{', '.join(known)}.{nearest(what, known)}"
        )
    return what


def _call(draw: Draw, things: tuple, options: dict[str, Any]) -> Any:
    """Draw, and refuse an option that the picture does not have, by name."""
    import inspect

    known = inspect.signature(draw).parameters
    open_ended = any(p.kind is p.VAR_KEYWORD for p in known.values())
    allowed = [n for n, p in known.items() if p.kind is p.KEYWORD_ONLY]
    for name in options:
        if name not in allowed and not open_ended:
            raise TypeError(
                f"this picture has no option '{name}'; it has {', '.join(allowed)}."
                f"{nearest(name, allowed)}"
            )
    return draw(*things, **options)
