"""`jaxsim demo`: a whole brain on a real connectome, seen by EEG, swept and fitted.

Written as a user would write it: through `import jaxsim as js` and nothing else.
"""

import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import jaxsim as js


KEY = 2026
TRUTH = {"brain.model.A": 5.0, "brain.model.B": 10.0}  # what the fit has to find
BOUNDS = {"brain.model.A": (2.0, 8.0), "brain.model.B": (3.0, 40.0)}


def main(out: str = "demo-output") -> int:
    """Run the demo; figures and a zarr store go to the folder `out`."""
    demo = Demo(Path(out))
    demo.out.mkdir(parents=True, exist_ok=True)
    connectome = demo.connectome()
    process = whole_brain(connectome)
    recording = demo.recording(process)
    runs = demo.sweep(process)
    fitted = demo.fit(process)
    demo.summary(connectome, recording, runs, fitted)
    return 0


def whole_brain(connectome: js.Connectome) -> js.Pipeline:
    """Wendling masses in their alpha regime, delayed by tracts, seen by EEG."""
    brain = js.Network(
        model=js.Wendling.preset("alpha"),
        connectome=connectome.normalised("row_sum"),
        coupling=js.LinearCoupling(G=10.0),
        monitor=js.TemporalAverage(period_s=2e-3),
        duration_s=10.0,
        burn_in_s=1.0,
    )
    return js.Pipeline(brain=brain, eeg=eeg(connectome))


def eeg(connectome: js.Connectome) -> js.Leadfield:
    """The EEG gain of tvb-data for its 76 regions, else a made-up one."""
    if connectome.labels:
        with warnings.catch_warnings():  # two silent channels, told in the summary
            warnings.simplefilter("ignore")
            return js.Leadfield.from_tvb("eeg", regions="76", reference="average")
    gain = jax.random.normal(jax.random.key(KEY), (32, connectome.n_nodes))
    return js.Leadfield(gain, reference="average")


class Demo:
    """The acts of the demo, each of which tells what it did and how long it took."""

    def __init__(self, out: Path) -> None:
        from rich.console import Console

        self.out, self.console, self.began = out, Console(highlight=False), time.time()
        self.source = ""

    def say(self, text: str) -> None:
        """A line, after the seconds since the start."""
        seconds = time.time() - self.began
        self.console.print(f"[dim]{seconds:6.1f} s[/dim]  {text}", soft_wrap=True)

    def save(self, name: str, figure: Any) -> None:
        """A figure as PNG."""
        figure.savefig(self.out / name, dpi=130)
        self.say(f"wrote {self.out / name}")

    def connectome(self) -> js.Connectome:
        """The real one, or a generated one where tvb-data is not installed."""
        try:
            connectome = js.Connectome.from_tvb("76")
            self.source = "76 regions of tvb-data (CoCoMac and diffusion imaging)"
        except ModuleNotFoundError as missing:
            connectome = js.generators.spatial(76, jax.random.key(KEY), degree=20.0)
            self.source = "a generated connectome of 76 regions"
            self.say(f"{missing} Going on with a generated connectome.")
        self.say(f"connectome: {self.source}, with tract lengths")
        self.save("1_connectome.png", js.plot(connectome, "weights"))
        return connectome

    def recording(self, process: js.Pipeline) -> js.Recording:
        """10 s of the delayed stochastic network, stored and drawn."""
        recording = js.simulate(process, jax.random.key(KEY))
        self.say(f"simulated 10 s of 76 delayed regions: {recording.result}")
        path = self.out / "whole_brain.zarr"
        js.save(recording, path, overwrite=True)
        self.say(f"wrote {path}")
        few = {"nodes": range(0, 76, 8), "span_s": (4.0, 8.0)}
        self.save("2_lfp.png", js.plot(recording, "activity", **few))
        self.save("3_spectrum.png", js.plot(recording, "spectrum", signal="activity"))
        self.save("4_eeg.png", js.plot(recording, "field", span_s=(4.0, 8.0)))
        return recording

    def sweep(self, process: js.Pipeline) -> js.Recording:
        """The global coupling over 32 values, in one compiled program."""
        short = js.replace(process, faster(duration_s=4.0))
        design = js.grid({"brain.coupling.G": np.linspace(0.0, 60.0, 32)})
        runs = js.sweep(short, design, jax.random.key(KEY), ("activity",))
        self.say("swept the global coupling over 32 values in one compiled program")
        self.save("5_sweep.png", js.plot(runs, "spectrum", freq_range=(1.0, 45.0)))
        return runs

    def fit(self, process: js.Pipeline) -> js.Fitted:
        """Two parameters back from a spectrum that was made with another key.

        The rate of adam is large, since a step is a share of the whole interval.
        """
        import optax

        short = js.replace(process, faster(duration_s=2.5))
        target = js.simulate(js.replace(short, TRUTH), jax.random.key(KEY + 1))
        loss = spectral_loss(target)
        fitted = js.fit(
            js.replace(short, {"brain.model.A": 6.5, "brain.model.B": 25.0}),
            loss,
            BOUNDS,
            jax.random.key(KEY + 2),
            record=("activity",),
            starts=8,
            optimizer=optax.adam(0.2),
            n_updates=30,
        )
        self.say(f"fitted by gradient from 8 starts: loss {fitted.best_loss:.3g}")
        self.save("6_fit.png", js.plot(fitted, "losses"))
        return fitted

    def summary(
        self,
        connectome: js.Connectome,
        recording: js.Recording,
        runs: js.Recording,
        fitted: js.Fitted,
    ) -> None:
        """One table of what came out."""
        from rich.table import Table

        freqs, psd = js.measure.welch(recording["activity"])
        peak = float(js.measure.peak_frequency(freqs, psd.mean(1), (2.0, 45.0)))
        mean = np.asarray(runs["activity"].values).mean((1, 2))
        table = Table("what", "value", title="jaxsim demo")
        table.add_row("connectome", self.source)
        delays = np.asarray(connectome.delays_s)[np.asarray(connectome.weights) > 0]
        table.add_row(
            "delays", f"{delays.min() * 1e3:.1f} to {delays.max() * 1e3:.1f} ms"
        )
        table.add_row("recording", recording.result)
        table.add_row("peak of the spectrum", f"{peak:.1f} Hz")
        table.add_row("EEG", f"{recording['field'].values.shape[1]} channels")
        table.add_row(
            "mean LFP over G = 0 to 60", f"{mean[0]:.2f} to {mean[-1]:.2f} mV"
        )
        for path, true in TRUTH.items():
            best = float(js.get(fitted.best, path))
            low, high = BOUNDS[path]
            told = f"{best:.3f} (truth {true:g}, starts span {low:g} to {high:g})"
            table.add_row(f"fitted {path}", told)
        table.add_row("time", f"{time.time() - self.began:.0f} s")
        table.add_row("files", str(self.out.resolve()))
        self.console.print(table)


def faster(duration_s: float) -> dict[str, Any]:
    """RK4 at 1 ms: ten times fewer steps than the recording, to 1e-3 mV the same."""
    return {
        "brain.solver": js.RungeKutta4(),
        "brain.dt_s": 1e-3,
        "brain.duration_s": duration_s,
        "brain.burn_in_s": 0.5,
    }


def spectral_loss(target: js.Recording) -> Callable[[js.Recording], Any]:
    """Squared difference of log spectra (1 to 45 Hz), averaged over regions."""

    def spectrum(recording: js.Recording) -> Any:
        freqs, psd = js.measure.welch(recording["activity"], segment_s=1.0)
        return js.measure.crop(freqs, psd, (1.0, 45.0))[1].mean(1)

    wanted = jnp.log10(spectrum(target))
    return lambda recording: jnp.mean((jnp.log10(spectrum(recording)) - wanted) ** 2)
