"""Sources, estimated or true, as mne.SourceEstimate and VolSourceEstimate."""

from typing import Any

import numpy as np

from jaxsim.convert.mne.info import SI
from jaxsim.convert.mne.recordings import in_si, start_of
from jaxsim.core.installed import needed
from jaxsim.core.recording import Recording
from jaxsim.meeg.epoch import clock_of


def to_source_estimate(
    recording: Recording,
    signal: str = "estimate",
    *,
    vertices: Any = None,
    subject: str | None = None,
) -> Any:
    """Sources of one run on two hemispheres as `mne.SourceEstimate`, in Am.

    Of locations with several components it is the length of the moment, as of MNE's
    own estimates of free orientation; a single component keeps its sign.

    Args:
        recording: of one run.
        signal: in nAm (or a map without unit), over time and source: "estimate", or
            the truth, "activity".
        vertices: (left, right), the numbers of the locations in each hemisphere; or the
            `mne.Forward` or `mne.SourceSpaces` that they come from. None: all on the
            left, numbered.
        subject: the name that MNE knows the surfaces by.

    Raises:
        ModuleNotFoundError: MNE is not installed.
        ValueError: many runs, another number of locations, or a signal of no sources.
    """
    mne = needed("mne", "js.convert.mne.to_source_estimate", "mne")
    values, n_locations, tmin, tstep = _sources(recording, signal, vertices)
    if vertices is None:
        vertices = [np.arange(n_locations), np.arange(0)]
    vertices = _numbers(vertices)
    if len(vertices) != 2:
        raise ValueError(
            f"vertices has {len(vertices)} parts; a surface has two hemispheres. Take "
            "to_vol_source_estimate for volumes."
        )
    return mne.SourceEstimate(values.T, vertices, tmin, tstep, subject=subject)


def to_vol_source_estimate(
    recording: Recording,
    signal: str = "estimate",
    *,
    vertices: Any = None,
    subject: str | None = None,
) -> Any:
    """Sources of one run on a grid as `mne.VolSourceEstimate`, in Am.

    Args:
        recording, signal, subject: as for `to_source_estimate`.
        vertices: numbers of the locations by volume; or the `mne.Forward` or
            `mne.SourceSpaces` that they come from. None: one volume, numbered.

    Raises:
        ModuleNotFoundError: MNE is not installed.
        ValueError: many runs, another number of locations, or a signal of no sources.
    """
    mne = needed("mne", "js.convert.mne.to_vol_source_estimate", "mne")
    values, n_locations, tmin, tstep = _sources(recording, signal, vertices)
    vertices = _numbers([np.arange(n_locations)] if vertices is None else vertices)
    return mne.VolSourceEstimate(values.T, vertices, tmin, tstep, subject=subject)


def _sources(
    recording: Recording, signal: str, vertices: Any
) -> tuple[np.ndarray, int, float, float]:
    """Values (time, location), how many locations, and when."""
    if np.ndim(recording.status):
        raise ValueError(
            f"this is a sweep of {np.size(recording.status)} runs; an estimate of MNE "
            "is one run."
        )
    series = recording[signal]
    dims, unit = series.card.dims.split(), series.card.unit
    if dims[:1] != ["time"] or len(dims) != 2 or dims[1] == "sensor" or unit not in SI:
        raise ValueError(
            f"'{signal}' is over '{series.card.dims}' in {unit}; sources are over "
            "'time source' in nAm."
        )
    n_sources = series.values.shape[1]
    n_locations = n_sources
    if vertices is not None:
        n_locations = sum(map(len, _numbers(vertices)))
    elif "source_positions" in recording:
        n_locations = len(recording["source_positions"].values)
    if not n_locations or n_sources % n_locations or n_sources // n_locations > 3:
        raise ValueError(
            f"'{signal}' has {n_sources} sources, but the vertices are {n_locations} "
            "locations: not 1, 2 or 3 components of each."
        )
    values = in_si(series)
    if n_sources != n_locations:
        by_location = values.reshape(len(values), n_locations, -1)
        values = np.linalg.norm(by_location, axis=2)
    return values, n_locations, start_of(series), 1 / clock_of(series).rate_hz


def _numbers(vertices: Any) -> list[np.ndarray]:
    """Vertex numbers by hemisphere or volume, also of a forward or source spaces."""
    if isinstance(vertices, dict):  # mne.Forward is one
        vertices = vertices["src"]
    return [
        np.asarray(part["vertno"] if isinstance(part, dict) else part, int)
        for part in vertices
    ]
