"""Draw the figures of README and docs: python docs/make_figures.py [name ...].

They are committed in docs/figures, so that the README has pictures on any site. Run
this after a change of what they show, and look at them.
"""

import sys
import warnings
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import jaxsim as js


FIGURES = Path(__file__).parent / "figures"
KEY = jax.random.key(0)
MOST_BYTES = 150_000


def node(kind: str, **given: Any) -> js.Network:
    """One mass of a preset, at one step per millisecond."""
    short = {"duration_s": 8.0, "burn_in_s": 1.0, "dt_s": 1e-3}
    return js.Network(model=js.Wendling.preset(kind), **(short | given))


def whole_brain() -> js.Pipeline:
    """The README's: 76 regions seen by EEG."""
    network = js.Network(
        model=js.Wendling.preset("alpha"),
        connectome=js.Connectome.from_tvb("76").normalised("row_sum"),
        coupling=js.LinearCoupling(G=10.0),
        monitor=js.TemporalAverage(period_s=4e-3),
        duration_s=2.0,
        burn_in_s=0.5,
    )
    eeg = js.Leadfield.from_tvb("eeg", regions="76", reference="average")
    return js.Pipeline(network=network, eeg=eeg)


def spike_wave() -> Any:
    """The README's six lines."""
    network = js.Network(model=js.Wendling.preset("spike_wave"), duration_s=5.0)
    return js.plot(js.simulate(network, KEY), "activity")


def six_types() -> Any:
    """One sweep over the six presets."""
    models = [js.Wendling.preset(f"Type{i}") for i in range(1, 7)]
    gains = {
        f"model.{name}": [float(js.get(model, name)) for model in models]
        for name in ("A", "B", "G")
    }
    network = js.Network(
        model=models[0],
        monitor=js.Subsample(period_s=4e-3),
        duration_s=4.0,
        burn_in_s=2.0,
    )
    runs = js.sweep(network, js.zipped(gains), KEY)
    names = "background; sporadic spikes; spike wave; alpha; fast activity"
    return _rows(runs["activity"], [*names.split("; "), "quasi-sinusoidal"])


def _rows(series: js.Series, names: list[str]) -> Any:
    from matplotlib.figure import Figure

    times = np.arange(series.values.shape[1]) / series.clock.rate_hz
    figure = Figure(figsize=(8.0, 5.6), layout="constrained")
    rows = figure.subplots(len(names), 1, sharex=True)
    for axes, name, values in zip(rows, names, series.values, strict=True):
        axes.plot(times, np.asarray(values)[:, 0], color="#0072B2", lw=0.8)
        axes.set_title(name, loc="left", fontsize=9)
        axes.spines[["top", "right"]].set_visible(False)
        axes.margins(x=0)
    rows[len(names) // 2].set_ylabel("field potential (mV)")
    rows[-1].set_xlabel("time (s)")
    return figure


def connectome() -> Any:
    """Weights between the 76 regions."""
    return js.plot(js.Connectome.from_tvb("76"), "weights")


def wiring() -> Any:
    """What the steps of the whole brain need and make."""
    return js.plot(whole_brain(), "wiring")


def eeg() -> Any:
    """The README's EEG."""
    return js.plot(js.simulate(whole_brain(), KEY), "field")


def sweep() -> Any:
    """Spectra of the whole brain against the strength of coupling."""
    long = js.replace(whole_brain(), {"network.duration_s": 8.0})
    design = js.grid({"network.coupling.G": np.linspace(0.0, 60.0, 25)})
    runs = js.sweep(long, design, KEY, record=("activity",))
    return js.plot(runs, "spectrum", signal="activity", freq_range=(1.0, 40.0))


def fit() -> Any:
    """The README's fit, from more starts."""

    def spectrum(recording: js.Recording) -> Any:
        freqs, psd = js.measure.welch(recording["activity"], segment_s=1.0)
        return js.measure.crop(freqs, psd, (1.0, 45.0))[1]

    made = js.replace(node("alpha"), {"model.B": 14.0})
    target = jnp.log10(spectrum(js.simulate(made, jax.random.key(7))))
    fitted = js.fit(
        node("alpha"),
        lambda recording: jnp.mean((jnp.log10(spectrum(recording)) - target) ** 2),
        {"model.B": (5.0, 25.0)},
        KEY,
        starts=8,
        n_updates=20,
    )
    return js.plot(fitted, "losses")


def movie() -> Any:
    """A part of a field of view of CA1."""
    process = js.imaging.miniscope_v4(n_frames=200, n_px=256)
    return js.plot(js.simulate(process, KEY, ("movie",)), "movie")


def detectability() -> Any:
    """What can be seen of cells in a slab, by their depth."""
    process = js.imaging.build("miniscope_v4", "slab", n_frames=200, n_px=400)
    return js.plot(js.imaging.detectability(js.simulate(process, KEY, ("trace",))))


def beside_minisim() -> Any:
    """Statistics of another program's movies, and of ours."""
    sys.path.insert(0, str(Path(__file__).parents[1]))  # benchmarks are not installed
    from benchmarks.peers.minisim_figure import figure

    return figure()


ALL = (spike_wave, six_types, connectome, wiring, eeg, sweep, fit, movie)
ALL += (detectability, beside_minisim)


def main(names: list[str]) -> None:
    """Draw those named, or all."""
    warnings.filterwarnings("ignore", message=".*channels have no gain")
    known = {draw.__name__: draw for draw in ALL}
    if unknown := set(names) - set(known):
        sys.exit(f"no figure {', '.join(unknown)}; there are {', '.join(known)}.")
    FIGURES.mkdir(exist_ok=True)
    for name in names or known:
        path = FIGURES / f"{name}.png"
        known[name]().savefig(path, dpi=80)
        size = path.stat().st_size
        print(f"{path.name}: {size // 1000} kB")
        if size > MOST_BYTES:
            sys.exit(f"{path.name} is larger than {MOST_BYTES // 1000} kB.")


if __name__ == "__main__":
    main(sys.argv[1:])
