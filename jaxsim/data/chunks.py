"""ChunkDataset: training samples cut from recordings, each a pytree of one shape."""

import hashlib
import operator
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from jaxsim.data.asked import (
    checked_anchor,
    checked_margin,
    checked_modalities,
    checked_out,
    checked_seed,
    checked_stride,
    has_all,
    labels_of,
    one_of,
)
from jaxsim.data.compat_experanto import Experanto
from jaxsim.data.exact import Exact
from jaxsim.data.modality import Modality, told_apart
from jaxsim.data.session import sessions_of
from jaxsim.data.stacked import Sample, Stack, stacked
from jaxsim.data.statistics import statistics
from jaxsim.data.transforms import FrameTransform
from jaxsim.data.validity import Report


SPANS = ("any", "trial")


class ChunkDataset:
    """Chunks of recordings: windows of several modalities, each at its own rate.

    Item i is a pytree of NumPy arrays of shapes that never change:

    ```text
    {"screen": (60, 36, 64), "responses": (16, 100),
     "timestamps": {"screen": (60,), ...},   s from the start of the chunk
     "mask": {"screen": (60,), "responses": (16, 100)},   what was really there
     "params": {"network.model.A": ()},   where they are asked for
     "meta": {"session": 0, "index": i, "t0_s": 12.5}}
    ```

    Items are in the order of time; `batches` shuffles. Time is counted in ratios of
    whole numbers, so nothing drifts, and a track asked at its own rate gives its own
    samples. Reading is NumPy alone: safe in threads and in forked workers, and any
    loader that takes an object with a length and items (torch, grain) takes this one;
    `collate` makes batches of what `__getitems__` gives without a copy.

    Args:
        source: a recording, its folder, a folder of experanto, or a list of these: the
            sessions.
        modalities: which signals, and how they are cut: `{"screen": Modality(30, 60)}`.
        anchor: the modality on whose grid chunks start, and to whose window conditions
            of trials apply; "screen" where there is one, else the first.
        stride: every which valid start is taken.
        where: which trials: `{"tier": "train"}`, a list of such (any of them), an
            expression ("tier == 'train'"), or a function of a trial's row.
        include_blanks: with `where`, blank trials too.
        margin: s at both ends of every track that are left out.
        span: "any": a chunk may go on into the next accepted trial; "trial": not.
        out: names of modalities that samples hold; None is all. The others are not
            read, but their windows restrict which chunks there are.
        params: paths of values that made the recording, as labels: a signal without
            time (what a stream or a freeze drew), a value that a design gave the run,
            or any number of its process.
        relative_time: time stamps from the start of the chunk (float32); else those of
            the recording (float64).
        seed: of the shuffled orders.
        cache: read all of it into memory, now.
        strict: refuse a dataset without chunks.
        compat: "experanto" gives the chunks, rounding and layout of experanto 0.1.

    Raises:
        ValueError: a modality that no session has, or no chunk that meets all
            constraints: a table tells how many seconds each of them left.
    """

    def __init__(
        self,
        source: Any,
        modalities: Mapping[str, Modality],
        *,
        anchor: str | None = None,
        stride: int = 1,
        where: Any = None,
        include_blanks: bool = True,
        margin: float | int = 0.5,
        span: str = "any",
        out: Iterable[str] | None = None,
        params: Iterable[str] = (),
        relative_time: bool = True,
        seed: int = 0,
        cache: bool = False,
        strict: bool = True,
        compat: str | None = None,
    ) -> None:
        self.modalities = checked_modalities(modalities)
        self.anchor = checked_anchor(anchor, self.modalities)
        self.seed = checked_seed(seed)
        one_of("span", span, SPANS)
        one_of("compat", compat, (None, "experanto"))
        self.out = checked_out(out, self.modalities)
        stride, margin = checked_stride(stride), checked_margin(margin)
        self.sessions = sessions_of(source)
        for session in self.sessions:
            has_all(session, self.modalities)
        self.compat = compat
        rules = Experanto if compat else Exact
        self._rules = rules(self.modalities, self.anchor, relative_time)
        self._params = labels_of(self.sessions, params)
        ask = (where, include_blanks, margin, span)
        found = [self._rules.starts(session, *ask) for session in self.sessions]
        self.reports: list[Report] = [report for _, report in found]
        self.starts = [starts[::stride] for starts, _ in found]
        self.first = np.cumsum([0] + [len(starts) for starts in self.starts])
        told = told_apart(where)
        what = (self.modalities, self.anchor, self.out, tuple(self._params[0]))
        self.identity = repr((*what, stride, told, *ask[1:]))
        if strict and not len(self):
            told = "\n".join(map(str, self.reports))
            raise ValueError(f"no chunk meets all constraints.\n{told}")
        if cache:
            for session in self.sessions:
                for name in self.out:
                    session.tracks[name].keep()
        asked = {name: self.modalities[name] for name in self.out}
        self._normal = [statistics(s, asked, self._rules) for s in self.sessions]

    def __len__(self) -> int:
        return int(self.first[-1])

    def __repr__(self) -> str:
        names = ", ".join(session.name for session in self.sessions)
        lines = [f"ChunkDataset: {len(self)} chunks of {names}"]
        for name, modality in self.modalities.items():
            lines.append(
                f"  {name:<16} {modality.chunk} at {float(modality.rate):g} Hz"
            )
        return "\n".join(lines)

    @property
    def session_of(self) -> np.ndarray:
        """(n_chunks,) number of each chunk's session: a key to group batches by."""
        return np.repeat(np.arange(len(self.sessions)), np.diff(self.first))

    @property
    def fingerprint(self) -> str:
        """A digest of what is cut from what: a position belongs to one of them."""
        told = [self.identity, repr(self.compat)]
        for session, starts in zip(self.sessions, self.starts, strict=True):
            told.append(session.name)
            told.append(hashlib.sha256(starts.tobytes()).hexdigest())
            for name in self.modalities:
                track = session.tracks[name]
                told.append(f"{name} {track.n} {track.shape} {track.dtype}")
        return hashlib.sha256("\n".join(told).encode()).hexdigest()[:32]

    def __getitem__(self, index: int) -> Sample:
        """One chunk, finished: transformed, normalised and cast as asked."""
        return self._sample(index, finish=True)

    def __getitems__(self, indices: Iterable[int]) -> Stack:
        """Many chunks, finished, in one buffer per modality: a list of samples.

        Raises:
            ValueError: chunks of different shapes, those of different sessions.
        """
        indices = list(indices)
        whole = stacked(lambda i, into: self._sample(i, True, into), indices)
        return Stack(whole, len(indices))

    def raw(self, index: int, into: Sample | None = None) -> Sample:
        """One chunk in the types of its files: what `finish` is still to be done to.

        Args:
            index: which.
            into: arrays to put its values in, where they are just read.
        """
        return self._sample(index, False, into)

    def finished(self, values: dict[str, Any], normal: dict[str, Any]) -> Sample:
        """What the device does to the values of one chunk; NumPy or JAX arrays."""
        out = {}
        for name in self.out:
            x, modality = values[name], self.modalities[name]
            for transform in modality.transforms if self.on_device(name) else ():
                x = transform(x)
            if normal[name] is not None:
                mean, std = normal[name]
                x = (x.astype(mean.dtype) - _over(mean, x)) / _over(std, x)
            out[name] = x if modality.dtype is None else x.astype(modality.dtype)
        return self._rules.laid_out(out)

    def normal(self, session: int, kind: Any = None) -> dict[str, Any]:
        """Mean and std of each modality of a session that is normalised.

        Args:
            session: its number.
            kind: type of the numbers; None is the one in which values are normalised.
        """
        return {
            name: pair and tuple(part.astype(kind or part.dtype) for part in pair)
            for name, pair in self._normal[session].items()
        }

    def part_of(self, session: int) -> "ChunkDataset":
        """The dataset that cuts a session: this one (a mixture has several)."""
        return self

    def on_device(self, name: str) -> bool:
        """Whether all transforms of a modality can run on the device."""
        transforms = self.modalities[name].transforms
        return all(isinstance(one, FrameTransform) for one in transforms)

    def _sample(self, index: int, finish: bool, into: Sample | None = None) -> Sample:
        number = operator.index(index)
        number += len(self) * (number < 0)
        if not 0 <= number < len(self):
            raise IndexError(f"chunk {index} of {len(self)}")
        at = int(np.searchsorted(self.first, number, "right")) - 1
        start = self.starts[at][number - self.first[at]]
        session = self.sessions[at]
        out: Sample = {}
        stamps, masks = {}, {}
        for name in self.out:
            values, masks[name], stamps[name] = self._rules.window(
                session, name, start, (into or {}).get(name)
            )
            if not self.on_device(name):
                for transform in self.modalities[name].transforms:
                    values = transform(values)
                    if not hasattr(values, "shape"):
                        raise TypeError(
                            f"the transform {told_apart(transform)} of '{name}' gave "
                            f"a {type(values).__name__}, and no array."
                        )
            out[name] = values
        if finish:
            out = self.finished(out, self._normal[at])
        out["timestamps"], out["mask"] = stamps, masks
        if self._params[at]:
            out["params"] = dict(self._params[at])
        out["meta"] = {
            "session": np.int32(at),
            "index": np.int32(number),
            "t0_s": np.float64(self._rules.time(session, start)),
        }
        return out

    def starts_s(self, session: int = 0) -> np.ndarray:
        """When the chunks of a session start, s."""
        return self._rules.times(self.sessions[session], self.starts[session])

    def plot(self, session: int = 0) -> Any:
        """A picture of the times that each constraint allows, and of the starts."""
        from jaxsim.plot import plot_validity

        name = self.sessions[session].name
        rows = self.reports[session].rows
        return plot_validity(rows, self.starts_s(session), title=f"chunks of {name}")

    def batches(self, batch: int, **how: Any) -> Any:
        """Shuffled batches on the device; see `jaxsim.data.loader.Batches`."""
        from jaxsim.data.loader import Batches

        return Batches(self, batch, **how)


def _over(part: Any, values: Any) -> Any:
    """With axes in front, as many as values have."""
    return part.reshape((1,) * (values.ndim - part.ndim) + part.shape)
