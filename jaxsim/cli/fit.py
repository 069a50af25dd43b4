"""`fit`: find parameters whose spectrum is the target's."""

import dataclasses
import json
import time
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import tyro

from jaxsim.cli.run import check_out
from jaxsim.cli.source import OfProcess
from jaxsim.cli.sweep import Repeated
from jaxsim.cli.target import Spectrum, at, spectrum_of, target_of


@dataclasses.dataclass(frozen=True)
class Fit(OfProcess):
    """Find the values of some paths at which a process has the target's spectrum.

    jaxsim fit wendling --target data.npz --free network.model.A
    jaxsim fit wendling --target wendling:Type4 --free network.model.B=3:60
    jaxsim fit mine.yaml --target a.zarr --free network.model.G --method cma

    Losses are those of jaxsim.measure (log_psd_mse, psd_mse, weighted_psd_mse, ...).
    From Python, js.fit takes any loss of any signal.
    """

    target: Annotated[str, tyro.conf.arg(metavar="TARGET")] = ""
    """a recording (.zarr), an .npz with psd and freqs, or a process"""
    free: Annotated[Repeated, tyro.conf.arg(metavar="PATH[=LOW:HIGH]")] = ()
    """what may move, and (narrower than its card) how far; log:LOW:HIGH in decades"""
    loss: Annotated[Repeated, tyro.conf.arg(metavar="NAME[=WEIGHT]")] = ("log_psd_mse",)
    """what is made small; several are summed with their weights"""
    signal: str = "activity"
    """which signal's spectrum, averaged over nodes"""
    band: tuple[float, float] = (1.0, 50.0)
    """frequencies that count, Hz"""
    segment_s: float = 1.0
    """length of Welch's segments; the bins are its inverse apart"""
    method: str = "screen"
    """screen (256 points at once, then gradients from the best), gradient, evolution,
    cma, nevergrad:NAME, random, latin_hypercube, sobol"""
    starts: int = 8
    """descents, of gradient and screen"""
    updates: int = 60
    """gradients of each descent"""
    budget: int = 500
    """simulations, of the methods without gradients"""
    seeds: int = 4
    """noise seeds that every loss is averaged over"""
    seed: int = 0
    """another number, other noise"""
    out: Annotated[str, tyro.conf.arg(metavar="FILE")] = ""
    """where to keep the fitted process: .yaml, .toml, .json or .zarr"""
    history: Annotated[str, tyro.conf.arg(metavar="FILE.json")] = ""
    """where to keep losses and values of all starts"""
    plot: Annotated[str, tyro.conf.arg(metavar="FILE.png")] = ""
    """a picture of both spectra and of the losses"""

    def run(self, rest: list[str]) -> int:
        """Fit, print, keep."""
        import jax

        from jaxsim.core.simulate import simulate
        from jaxsim.study.fit import fit

        check_out(self.out, (".yaml", ".yml", ".toml", ".json", ".zarr"))
        check_out(self.history, (".json",))
        check_out(self.plot, (".png", ".pdf", ".svg"))
        process = self.ready(rest, f"jaxsim fit {self.process}")
        if not self.target or not self.free:
            raise ValueError(
                "a fit needs --target (what to reach) and --free PATH (what may move); "
                f"jaxsim show {self.process} lists the paths."
            )
        free = dict(limits_of(text) for text in self.free)
        target = target_of(self.target, self.signal, self.segment_s, self.seed, process)
        began = time.perf_counter()
        key = jax.random.key(self.seed)
        fitted = fit(
            process, self.distance(target), free, key,
            record=(self.signal,), method=self.method, starts=self.starts,
            n_updates=self.updates, keep=self.starts, budget=self.budget,
            n_keys=self.seeds,
        )  # fmt: skip
        print(fitted)
        print(f"took {time.perf_counter() - began:.1f} s, compilation included")
        if self.out:
            from jaxsim.store.archive import save

            print(f"kept: {save(fitted.best, self.out, overwrite=True)}")
        if self.history:
            Path(self.history).write_text(json.dumps(history_of(fitted), indent=1))
            print(f"kept: {self.history}")
        if self.plot:
            again = simulate(fitted.best, jax.random.fold_in(key, 3), (self.signal,))
            found = spectrum_of(again[self.signal], self.segment_s)
            picture(target, found, fitted, self.band).savefig(self.plot, dpi=120)
            print(f"drawn: {self.plot}")
        return 0

    def distance(self, target: Spectrum) -> Any:
        """The loss of a recording: distances of its spectrum to the target's."""
        from jaxsim.measure.named_loss import sum_of_losses

        terms = []
        for text in self.loss:
            name, _, weight = text.partition("=")
            terms.append({"name": name, "weight": float(weight or 1.0)})
        total = sum_of_losses(terms)

        def loss(recording: Any) -> Any:
            freqs, psd = spectrum_of(recording[self.signal], self.segment_s)
            inside = (freqs >= self.band[0]) & (freqs <= self.band[1])
            wanted = at(target, freqs[inside]).astype(psd.dtype)
            return total(psd[inside], wanted, freqs[inside])[0]

        return loss


def limits_of(text: str) -> tuple[str, Any]:
    """`path`, `path=1:10` or `path=log:1:10` as `fit` takes it."""
    from jaxsim.study.prior import log_uniform

    path, equals, values = text.partition("=")
    if not equals:
        return path, None
    parts = values.split(":")
    log = parts[0] == "log"
    try:
        low, high = (float(part) for part in parts[log:])
    except ValueError:
        raise ValueError(f"--free {text}: write PATH, PATH=LOW:HIGH or log:.") from None
    return path, log_uniform(low, high) if log else (low, high)


def history_of(fitted: Any) -> dict[str, Any]:
    """A fit as plain values."""
    return {
        "method": fitted.method,
        "best_loss": fitted.best_loss,
        "simulations": fitted.simulations,
        "losses": np.asarray(fitted.losses, float).tolist(),
        "best_losses": np.asarray(fitted.best_losses, float).tolist(),
        "values": {p: np.asarray(v, float).tolist() for p, v in fitted.values.items()},
    }


def picture(target: Spectrum, found: Spectrum, fitted: Any, band: Any) -> Any:
    """Two panels: the target's spectrum and the fit's on other noise; the losses."""
    from matplotlib.figure import Figure

    page = Figure(figsize=(11, 4.5), layout="constrained")
    left, right = page.subplots(1, 2)
    for spectrum, name in ((target, "target"), (found, "fit, on other noise")):
        freqs = np.asarray(spectrum.freqs)
        inside = (freqs >= band[0]) & (freqs <= band[1])
        left.semilogy(freqs[inside], np.asarray(spectrum.psd)[inside], label=name)
    left.set_xlabel("frequency (Hz)")
    left.set_ylabel("power density (unit²/Hz)")
    left.legend()
    right.semilogy(np.minimum.accumulate(np.asarray(fitted.losses), axis=1).T, lw=1)
    right.set_xlabel("update")
    right.set_ylabel("best loss so far, each start")
    return page
