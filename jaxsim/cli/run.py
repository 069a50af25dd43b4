"""`run`: one recording, to look at or to keep."""

import dataclasses
import time
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from jaxsim.cli.source import OfProcess


Format = Literal["avi", "tiff", "nwb", "minian"]
SUFFIXES = {"avi": ".avi", "tiff": ".tif", "nwb": ".nwb"}


@dataclasses.dataclass(frozen=True)
class Run(OfProcess):
    """Simulate a process once.

    jaxsim run wendling --plot
    jaxsim run wendling:Type3 --network.duration_s 10 --seed 42 --out spikes.zarr
    jaxsim run wendling --set network.connectome=@small_world:n_nodes=20,degree=4
    jaxsim run mine.yaml --set network.solver.kind=RungeKutta4 --network.dt_s 1e-3
    jaxsim run miniscope_v4 --miniscope.n_frames 6000 --out movie.zarr --export tiff
    """

    seed: int = 0
    """another number, another noise"""
    record: Annotated[
        tyro.conf.UseAppendAction[tuple[str, ...]], tyro.conf.arg(metavar="SIGNAL")
    ] = ()
    """what to record; all signals by default"""
    out: Annotated[str, tyro.conf.arg(metavar="FILE")] = ""
    """where to keep the recording: name.zarr (with all that made it), or name.npz"""
    plot: bool = False
    """draw the recording into a .png beside --out, or in this folder"""
    picture: str = ""
    """what --plot draws: a signal's name, spectrum, fc, ..."""
    block: int | None = None
    """frames at a time, for long movies"""
    export: Annotated[
        tyro.conf.UseAppendAction[tuple[Format, ...]],
        tyro.conf.arg(metavar="avi|tiff|nwb|minian"),
    ] = ()
    """write the movie for other programs as well, beside --out: avi, tiff, nwb, or
    minian for a folder of 0.avi, 1.avi, ..."""

    def run(self, rest: list[str]) -> int:
        """Simulate, print, keep, draw."""
        import jax

        from jaxsim.core.simulate import simulate
        from jaxsim.imaging.cautions import cautions

        check_out(self.out)
        files = [self.export_name(form) for form in self.export]
        for taken in (file for file in files if file.exists()):
            raise ValueError(f"--export: {taken} is there already; move it away.")
        process = self.ready(rest, f"jaxsim run {self.process}")
        key, began = jax.random.key(self.seed), time.perf_counter()
        if self.out.endswith(".zarr") and not self.plot:
            recording = self.streamed(process, key)
        else:
            recording = None
        streamed = recording is not None
        if recording is None:
            recording = simulate(process, key, self.record or None, block=self.block)
            jax.block_until_ready(recording.series)
        print(recording)
        for caution in cautions(recording):
            print(f"caution: {caution}")
        if streamed:
            print(f"kept: {self.out}, frames included")
        else:
            keep(recording, self.out)
        print(f"took {time.perf_counter() - began:.2f} s, compilation included")
        for file in files:
            from jaxsim.store.export_movie import export_movie

            export_movie(self.out if streamed else recording, file)
            print(f"exported: {file}")
        if self.plot:
            name = Path(self.out or self.stem).with_suffix(".png")
            draw(recording, self.picture, name)
        return 0 if recording.ok else 1

    def streamed(self, process: Any, key: Any) -> Any:
        """A movie too long to be held goes straight to its store; None if it is not."""
        from jaxsim.core.blocks import HELD_BYTES
        from jaxsim.core.simulate import frame_bytes, in_blocks
        from jaxsim.store.archive import save
        from jaxsim.store.recordings import read_recording
        from jaxsim.store.seal import unseal

        names = self.record or None
        if frame_bytes(process, key, names) <= HELD_BYTES:
            return None
        blocks = in_blocks(process, key, names, block=self.block)
        folder = save(blocks, self.out)
        return read_recording(folder, unseal(folder), blocks.framewise)

    def export_name(self, form: str) -> Path:
        """The file that an export writes."""
        stem = Path(self.out or self.stem).with_suffix("")
        return stem if form == "minian" else stem.with_suffix(SUFFIXES[form])


def check_out(out: str, suffixes: tuple[str, ...] = (".zarr", ".npz")) -> None:
    """Refuse, before anything runs, a name that nothing could be written to."""
    if out and Path(out).suffix not in suffixes:
        raise ValueError(f"--out {out}: the name must end in {' or '.join(suffixes)}.")
    if out and not Path(out).absolute().parent.is_dir():
        raise FileNotFoundError(f"--out {out}: there is no folder {Path(out).parent}.")


def keep(recording: Any, out: str) -> None:
    """Write a recording to a store, or its arrays to an .npz."""
    if not out:
        return
    if out.endswith(".zarr"):
        from jaxsim.store.archive import save

        save(recording, out)
    else:
        import numpy as np

        arrays = {name: np.asarray(recording[name].values) for name in recording}
        for name in recording:
            if (clock := recording[name].clock) is not None:
                n_samples = arrays[name].shape[0]
                arrays[f"{name}_time_s"] = np.asarray(clock.times(n_samples))
        np.savez(out, allow_pickle=False, **arrays)
    print(f"kept: {out}")


def draw(recording: Any, picture: str, path: Path) -> None:
    """A picture of a recording as a file."""
    from jaxsim.plot import plot

    plot(recording, picture or None).savefig(path, dpi=120)
    print(f"drawn: {path}")
