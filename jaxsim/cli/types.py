"""`types`: the six activities of the Wendling model, as traces and spectra."""

import dataclasses
import time
from typing import Annotated, Any

import numpy as np
import tyro

from jaxsim.cli.run import check_out


SHOWN_S = 5.0  # of each trace; spectra use all of it


@dataclasses.dataclass(frozen=True)
class Types:
    """Draw the six types of activity of Wendling et al. (2002): traces and spectra.

    jaxsim types --out six_types.png
    """

    out: Annotated[str, tyro.conf.arg(metavar="FILE.png")] = "six_types.png"
    """the figure"""
    duration_s: float = 30.0
    """recorded time of each type, after 2 s of burn-in"""
    seed: int = 42
    """another number, other noise"""

    def run(self, rest: list[str]) -> int:
        """Simulate all six in one program, draw them."""
        check_out(self.out, (".png", ".pdf", ".svg"))
        began = time.perf_counter()
        runs, names = six_types(self.duration_s, self.seed)
        figure(runs, names).savefig(self.out, dpi=120)
        print(f"drawn: {self.out} ({time.perf_counter() - began:.1f} s)")
        return 0 if runs.ok else 1


def six_types(duration_s: float, seed: int) -> tuple[Any, list[str]]:
    """A recording of the six presets along one axis, and their names."""
    import jax

    from jaxsim.neural.models.wendling import Wendling
    from jaxsim.neural.monitors.subsample import Subsample
    from jaxsim.neural.network import Network
    from jaxsim.study.design import zipped
    from jaxsim.study.sweep import sweep

    names = [f"Type{i}" for i in range(1, 7)]
    models = [Wendling.preset(name) for name in names]
    design = zipped(
        {f"model.{p}": [float(getattr(m, p)) for m in models] for p in ("A", "B", "G")}
    )
    network = Network(
        model=models[0],
        monitor=Subsample(period_s=2e-3),
        duration_s=duration_s,
        burn_in_s=2.0,
    )
    return sweep(network, design, jax.random.key(seed), ("activity",)), names


def figure(runs: Any, names: list[str]) -> Any:
    """Six rows: a trace, and its spectrum on a logarithmic axis."""
    from matplotlib.figure import Figure

    from jaxsim.measure.spectrum import crop, welch

    series = runs["activity"]
    rate, values = series.clock.rate_hz, np.asarray(series.values)[..., 0]
    page = Figure(figsize=(11, 10), layout="constrained")
    axes = page.subplots(len(names), 2, width_ratios=(3, 1), sharex="col")
    shown = min(values.shape[1], int(SHOWN_S * rate))
    for row, (name, trace) in enumerate(zip(names, values, strict=True)):
        freqs, psd = crop(*welch(trace, rate), (0.5, 50.0))
        axes[row, 0].plot(np.arange(shown) / rate, trace[-shown:], lw=0.7)
        axes[row, 0].set_ylabel(f"{name}\nmV")
        axes[row, 1].semilogy(freqs, np.asarray(psd), lw=0.9)
        axes[row, 1].set_ylabel("mV²/Hz")
    axes[0, 0].set_title(f"local field potential, the last {shown / rate:g} s")
    axes[0, 1].set_title("power spectrum")
    axes[-1, 0].set_xlabel("time (s)")
    axes[-1, 1].set_xlabel("frequency (Hz)")
    return page
