"""Transforms of frames that run on the host and, in the same words, on the device.

Each takes the frames of one window, (time, y, x) or (time, y, x, 3), as a NumPy or a
JAX array.
"""

import dataclasses
import functools
from typing import Any

import numpy as np


class FrameTransform:
    """Base of transforms that can be traced: no branch depends on a value."""

    def __call__(self, frames: Any) -> Any:
        """The frames, transformed."""
        raise NotImplementedError


@dataclasses.dataclass(frozen=True)
class Resize(FrameTransform):
    """Frames of another size.

    Args:
        size: (height, width) of what comes out.
        method: "area" averages what each new pixel covers; "linear" has a triangular
            window, as wide as the reduction (bilinear with antialiasing).
    """

    size: tuple[int, int]
    method: str = "area"

    def __post_init__(self) -> None:
        size = tuple(int(n) for n in self.size)
        if len(size) != 2 or min(size) < 1:
            raise ValueError(f"Resize(size={self.size!r}) must be (height, width).")
        if self.method not in WEIGHTS:
            raise ValueError(f"Resize(method={self.method!r}) must be area or linear.")
        object.__setattr__(self, "size", size)

    def __call__(self, frames: Any) -> Any:
        """The frames as float32, resized."""
        if frames.shape[1:3] == self.size:
            return frames
        rows = weights(frames.shape[1], self.size[0], self.method)
        columns = weights(frames.shape[2], self.size[1], self.method)
        frames = frames.astype(np.float32)
        if frames.ndim == 4:  # the colours in front, and back again
            return (rows @ frames.transpose(0, 3, 1, 2) @ columns.T).transpose(
                0, 2, 3, 1
            )
        return rows @ frames @ columns.T


@dataclasses.dataclass(frozen=True)
class CenterCrop(FrameTransform):
    """The middle of each frame, (height, width) or one number for both."""

    size: Any

    def __post_init__(self) -> None:
        size = self.size if isinstance(self.size, (tuple, list)) else (self.size,) * 2
        object.__setattr__(self, "size", tuple(int(n) for n in size))

    def __call__(self, frames: Any) -> Any:
        """The frames, cropped."""
        height, width = self.size
        if height > frames.shape[1] or width > frames.shape[2]:
            raise ValueError(
                f"CenterCrop(size={self.size}) is larger than frames of "
                f"{tuple(frames.shape[1:3])}."
            )
        top = round((frames.shape[1] - height) / 2)
        left = round((frames.shape[2] - width) / 2)
        return frames[:, top : top + height, left : left + width]


@dataclasses.dataclass(frozen=True)
class ChannelsFirst(FrameTransform):
    """(time, y, x[, colour]) as (colour, time, y, x); grey has one colour."""

    def __call__(self, frames: Any) -> Any:
        """The frames, with colours in front."""
        return frames[None] if frames.ndim == 3 else frames.transpose(3, 0, 1, 2)


@functools.lru_cache(maxsize=32)
def weights(n: int, new: int, method: str) -> np.ndarray:
    """(new, n) how much each old pixel counts in each new one; rows add to one."""
    found = WEIGHTS[method](n, new)
    found = (found / found.sum(1, keepdims=True)).astype(np.float32)
    found.flags.writeable = False
    return found


def _area(n: int, new: int) -> np.ndarray:
    edges, old = np.linspace(0, n, new + 1), np.arange(n)
    high = np.minimum(edges[1:, None], old + 1)
    return np.maximum(high - np.maximum(edges[:-1, None], old), 0)


def _linear(n: int, new: int) -> np.ndarray:
    scale = n / new
    middle = (np.arange(new) + 0.5) * scale - 0.5
    distance = np.abs(middle[:, None] - np.arange(n)) / max(scale, 1.0)
    return np.maximum(1 - distance, 0)


WEIGHTS = {"area": _area, "linear": _linear}
