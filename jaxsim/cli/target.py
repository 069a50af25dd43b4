"""The spectrum that a fit shall reach, from whatever holds one."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jaxsim.cli.source import base
from jaxsim.core.declared import leaves, replace
from jaxsim.core.recording import Recording


class Spectrum(NamedTuple):
    """Density (unit^2 / Hz) at frequencies (Hz), averaged over nodes."""

    freqs: np.ndarray
    psd: Any


def target_of(
    text: str, signal: str, segment_s: float, seed: int, like: Any
) -> Spectrum:
    """The spectrum of a target.

    Args:
        text: a recording (`.zarr`); an `.npz` with `psd` and `freqs`; or a process
            (`wendling:Type3`), which is simulated with another key than the fit's.
        signal: name of the signal in a recording.
        segment_s: Welch segments, so that bins agree.
        seed: of the simulation of a process.
        like: the process that is fitted; a target that is a process takes its
            durations and other static values, so that spectra can be compared.

    Raises:
        ValueError: no spectrum can be read from it.
    """
    if text.endswith(".npz"):
        return _from_npz(Path(text))
    recording: Any = None
    if Path(text).suffix == ".zarr":
        from jaxsim.store.archive import load

        recording = load(text)
    if not isinstance(recording, Recording):
        import jax

        from jaxsim.core.simulate import simulate

        process = _like(base(text) if recording is None else recording, like)
        key = jax.random.fold_in(jax.random.key(seed), 2)
        recording = simulate(process, key, (signal,))
    if np.ndim(recording.status):
        raise ValueError(f"--target {text} is a sweep; a fit needs one recording.")
    if not recording.ok:
        raise ValueError(f"--target {text}: {recording.result}")
    return spectrum_of(recording[signal], segment_s)


def spectrum_of(series: Any, segment_s: float) -> Spectrum:
    """Welch's density of a series, averaged over all axes but time."""
    import jax.numpy as jnp

    from jaxsim.measure.spectrum import welch

    freqs, psd = welch(series.values, series.clock.rate_hz, segment_s=segment_s)
    return Spectrum(freqs, jnp.mean(psd.reshape(len(freqs), -1), axis=1))


def at(spectrum: Spectrum, freqs: np.ndarray) -> np.ndarray:
    """A spectrum at other frequencies, by interpolation of its logarithm."""
    known = np.asarray(spectrum.psd, float)
    if len(freqs) == len(spectrum.freqs) and np.allclose(freqs, spectrum.freqs):
        return known
    if freqs[0] < spectrum.freqs[0] or freqs[-1] > spectrum.freqs[-1]:
        raise ValueError(
            f"the target's spectrum covers {spectrum.freqs[0]:g} to "
            f"{spectrum.freqs[-1]:g} Hz, the fit asks for {freqs[0]:g} to "
            f"{freqs[-1]:g} Hz. Narrow it with --band."
        )
    tiny = np.finfo(np.float32).tiny
    return np.exp(np.interp(freqs, spectrum.freqs, np.log(np.maximum(known, tiny))))


def _like(process: Any, other: Any) -> Any:
    """A process with the static values that another one has at the same paths."""
    known = leaves(process)
    return replace(
        process,
        {
            path: value
            for path, (value, card) in leaves(other).items()
            if path in known and card.role == "static" and known[path][1] == card
        },
    )


def _from_npz(path: Path) -> Spectrum:
    from jaxsim.core.untrusted import existing_file, read_npz

    arrays = read_npz(existing_file(path, "a spectrum"))
    if not {"psd", "freqs"} <= set(arrays):
        raise ValueError(
            f"{path} holds {', '.join(arrays) or 'nothing'}; a target needs 'psd' "
            "(unit^2/Hz) and 'freqs' (Hz)."
        )
    psd, freqs = np.asarray(arrays["psd"], float), np.asarray(arrays["freqs"], float)
    if freqs.ndim != 1 or len(psd) != len(freqs):
        raise ValueError(f"{path}: psd {psd.shape} does not fit freqs {freqs.shape}.")
    psd = psd.reshape(len(freqs), -1).mean(axis=1)
    if not (np.isfinite(psd).all() and (psd >= 0).all() and (np.diff(freqs) > 0).all()):
        raise ValueError(f"{path}: psd must be finite and >= 0, freqs must increase.")
    return Spectrum(freqs, psd)
