"""Draw the figures of README and docs: python docs/make_figures.py [name ...].

They are committed in docs/figures, so that the README has pictures on any site. Run
this after a change of what they show, and look at them.
"""

import sys
import tempfile
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


def source_imaging(n: int = 200, **given: Any) -> js.Pipeline:
    """Three transients below 64 electrodes, and an estimate of them."""
    places = js.meeg.on_sphere(n)
    electrodes = js.meeg.even_layout(64).positions_m
    known = {
        "sources": js.ErpSources(n_locations=n, n_active=3, random_timing=False),
        "head": js.SphereEeg(places, electrodes, js.meeg.radial(places)),
        "noise": js.SensorNoise(snr_db=6.0),
        "level": js.meeg.BaselineNoise(),
        "estimate": js.GammaMap(max_iter=1000),
    }
    return js.Pipeline(**(known | given))


def source_estimate() -> Any:
    """Dipoles, what electrodes see of them, and what is made of that."""
    from matplotlib.figure import Figure

    process = source_imaging()
    made = js.simulate(process, KEY)
    true, found = (np.asarray(made[n].values) for n in ("activity", "estimate"))
    spread = np.sqrt(np.asarray(made["posterior_blocks"].values)[:, 0, 0])
    times = np.asarray(made["activity"].clock.start_s) + np.arange(len(true)) / 250
    field = np.asarray(made["field"].values)
    at = int(np.square(field).sum(1).argmax())
    places = np.asarray(made["source_positions"].values)
    electrodes = np.asarray(js.get(process, "head.sensor_positions_m"))

    figure = Figure(figsize=(9.6, 5.2), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=(1.2, 1))
    maps = (
        (electrodes, field[at], "field (uV)", 60),
        (places, true[at], "sources (nAm)", 26),
        (places, found[at], "estimate (nAm)", 26),
    )
    for axes, (where, values, title, size) in zip(
        above.subplots(1, 3), maps, strict=True
    ):
        # from above: the distance from the middle is the angle from the vertex
        away = np.arccos(where[:, 2] / np.linalg.norm(where, axis=1))
        across = where[:, :2] / np.linalg.norm(where[:, :2], axis=1, keepdims=True)
        x, y = (away[:, None] * across).T
        most = np.abs(values).max()
        shade = {"cmap": "RdBu_r", "vmin": -most, "vmax": most, "edgecolors": "0.75"}
        drawn = axes.scatter(x, y, c=values, s=size, lw=0.4, **shade)
        axes.set(aspect="equal", title=f"{title} at {times[at]:.2f} s")
        axes.axis("off")
        above.colorbar(drawn, ax=axes, shrink=0.7)
    three = np.flatnonzero(np.asarray(made["active"].values))
    rows = below.subplots(1, 3, sharey=True)
    for axes, place in zip(rows, three, strict=True):
        half = 1.645 * spread[place]
        middle = found[:, place]
        axes.fill_between(
            times, middle - half, middle + half, color="#D55E00", alpha=0.3
        )
        axes.plot(times, middle, color="#D55E00", lw=1, label="estimate, 90 %")
        axes.plot(times, true[:, place], color="k", lw=0.8, label="truth")
        axes.set(title=f"place {place}", xlabel="time (s)")
        axes.spines[["top", "right"]].set_visible(False)
        axes.margins(x=0)
    rows[0].set_ylabel("moment (nAm)")
    rows[0].legend(loc="lower left", fontsize=8, frameon=False)
    return figure


def recalibration() -> Any:
    """Coverage of 64 runs, and of 64 others with the levels that those taught."""
    process = source_imaging(100, estimate=js.meeg.MinimumNorm())
    three = ("activity", "estimate", "posterior_blocks")
    design = js.grid({"noise.snr_db": [10.0]})
    learning, judged = (
        js.sweep(process, design, jax.random.key(i), three, repeats=64) for i in (1, 2)
    )
    levels = jnp.asarray(js.measure.FINE_LEVELS)

    def fine(*run: Any) -> js.measure.CoverageCurve:
        return js.measure.coverage_curve(*run, levels=levels)

    curve = learning.measure(fine, *three)["empirical_active"].values.mean((0, 1))
    learned = js.measure.fit_recalibration(levels, curve, jnp.linspace(0, 1, 21))

    def again(*run: Any) -> js.measure.CoverageCurve:
        return js.measure.recalibrated_coverage(learned, *run)

    before = judged.measure(js.measure.coverage_curve, *three)
    return js.plot(before, after=judged.measure(again, *three), which="active")


def one_brain() -> Any:
    """Noise in blocks of 6 s: what cells, a movie, LFP, EEG and blood make of it."""
    rng, rate_hz, n_frames = np.random.default_rng(0), 30.0, 1200
    on = (np.arange(n_frames) / rate_hz % 12.0) >= 6.0
    noise = rng.normal(size=(n_frames // 3, 12, 16)).repeat(3, axis=0)
    frames = 127.5 * (1.0 + on[:, None, None] * np.tanh(noise))
    fields = js.ReceptiveFields.random(KEY, 16, (12, 16))
    seen = js.Pipeline(screen=js.GivenScreen(frames, rate_hz), fields=fields)
    look = {"miniscope.magnification": 3.0, "spikes.gain_hz": 0.3}
    microscope = js.imaging.build(
        "generic", "cortex_l23", 800, 128, look, ("motion",), behind=seen
    )
    weights = np.eye(5, k=-1) * [[0.0], [1.0], [1.0], [0.0], [0.0]]
    names = ("V1", "V2", "V4", "A1", "M1")
    network = js.Network(
        model=js.Wendling.preset("alpha"),
        connectome=js.Connectome(weights, 40.0 * weights, labels=names),
        coupling=js.LinearCoupling(G=40.0),
        stimulus=js.Afferent(np.eye(5, 1) * np.full(16, 0.5)),
        monitor=js.TemporalAverage(period_s=4e-3),
        duration_s=40.0,
        dt_s=1e-3,
        burn_in_s=1.0,
    )
    places = js.meeg.on_sphere(5)
    electrodes, out = js.meeg.even_layout(8).positions_m, js.meeg.radial(places)
    whole = js.Pipeline(
        microscope=microscope,
        network=network,
        eeg=js.SphereEeg(places, electrodes, out, reference="average"),
        blood=js.Haemodynamics(baseline=9.0),
    )
    headings = {
        "screen": "screen",
        "movie": "calcium movie",
        "trace": "traces",
        "activity": "LFP",
        "field": "EEG",
        "bold": "BOLD",
    }
    recording = js.simulate(whole, KEY, (*headings, "alive"))
    recording = js.imaging.subset(recording, recording["alive"].values > 0.5)
    return js.plot(recording, "modalities", signals=headings, span_s=(10.0, 40.0))


def run_summary() -> Any:
    """200 source estimates: noise and sparsity, by how good the data are."""
    from jaxsim.convert import calibrain
    from jaxsim.plot import plot_run_summary

    places = js.meeg.on_sphere(200)
    sensors = js.meeg.even_layout(32).positions_m
    eeg = js.SphereEeg(places, sensors, js.meeg.radial(places), reference="average")
    with tempfile.TemporaryDirectory() as folder:
        np.savez(
            Path(folder) / "sphere_fixed_leadfield.npz",
            leadfield=np.asarray(eeg.gain()),
            src_coords=places,
            sensor_kind=2,
        )
        generator = calibrain.DataGenerator(
            "gamma_map_sflex",
            {"max_iter": [150]},
            {
                "subject": ["sphere"],
                "nnz": [4],
                "orientation_type": ["fixed"],
                "alpha_SNR": [0.1, 0.3, 0.5, 0.7, 0.9],
                "sensor_white_noise_std": [1.0],
            },
            {"noise_type": ["oracle", "baseline"]},
            {"tmin": -0.1, "tmax": 0.8, "sfreq": 100, "erp_min_length": 60},
            leadfield_dir=folder,
            save_posterior_stats=False,
        )
        table = generator.run(20)
    return plot_run_summary(table, by=("noise_type",))


def beside_minisim() -> Any:
    """Statistics of another program's movies, and of ours."""
    sys.path.insert(0, str(Path(__file__).parents[1]))  # benchmarks are not installed
    from benchmarks.peers.minisim_figure import figure

    return figure()


ALL = (spike_wave, six_types, connectome, wiring, eeg, sweep, fit, movie)
ALL += (detectability, source_estimate, recalibration, run_summary, one_brain)
ALL += (beside_minisim,)


def _in_256_colours(path: Path) -> None:
    """What a picture of many small things can do with."""
    from PIL import Image

    with Image.open(path) as picture:
        few = picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    few.save(path, optimize=True)


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
        if path.stat().st_size > MOST_BYTES:
            _in_256_colours(path)
        size = path.stat().st_size
        print(f"{path.name}: {size // 1000} kB")
        if size > MOST_BYTES:
            sys.exit(f"{path.name} is larger than {MOST_BYTES // 1000} kB.")


if __name__ == "__main__":
    main(sys.argv[1:])
