"""Its `simulate` and what that returns; files without pickles."""

import dataclasses
import json
import os
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from jaxsim.convert.brainpy_wendling.config import seconds
from jaxsim.convert.brainpy_wendling.connectivity import load_connectivity
from jaxsim.convert.brainpy_wendling.network import key, merged, network, seed_of
from jaxsim.core.recording import Recording
from jaxsim.core.simulate import simulate as run
from jaxsim.core.untrusted import existing_file, npy_from_bytes, read_npz, read_zip


@dataclasses.dataclass
class SimResult:
    """Signals of a run, in the shape that scripts of that program expect.

    Attributes:
        t_s: times in s, (time,). Sample k is the state after step k + 1, and stands at
            the end of that step; with `compat=True` at its start, from 0.
        lfp: (time, node), mV.
        states: name -> (time, node), of what was monitored.
        meta: settings and merged parameters.
        recording: the same as a `js.Recording`, with the process and key that made it.
    """

    t_s: np.ndarray
    lfp: np.ndarray
    states: dict[str, np.ndarray] | None = None
    meta: dict[str, Any] = dataclasses.field(default_factory=dict)
    recording: Recording | None = None

    @property
    def t(self) -> np.ndarray:
        """The same as `t_s`."""
        return self.t_s

    def save(self, path: str | os.PathLike) -> None:
        """To an .npz of plain arrays; `meta` as JSON, states as `state_<name>`."""
        meta = np.asarray(json.dumps(self.meta, default=_plain))
        arrays: dict[str, Any] = {"t_s": self.t_s, "lfp": self.lfp, "meta_json": meta}
        arrays |= {f"state_{name}": v for name, v in (self.states or {}).items()}
        np.savez(path, **arrays)

    @classmethod
    def load(cls, path: str | os.PathLike) -> "SimResult":
        """From such a file, or from one that the program on BrainPy saved.

        The latter holds `meta` and `states` as pickles, which can run any program: they
        are left out, with a warning that names them.
        """
        known = existing_file(path, "a simulation result")
        arrays, left_out = _arrays(known)
        times = arrays.get("t_s", arrays.get("t"))
        if times is None or "lfp" not in arrays:
            raise ValueError(f"{path} has no t_s and lfp; it has {', '.join(arrays)}.")
        if left_out:
            warnings.warn(
                f"{path}: {', '.join(left_out)} are pickles and were not read.",
                UserWarning,
                stacklevel=2,
            )
        meta = json.loads(str(arrays["meta_json"])) if "meta_json" in arrays else {}
        states = {
            name.removeprefix("state_"): value
            for name, value in arrays.items()
            if name.startswith("state_")
        }
        return cls(times, arrays["lfp"], states or None, meta)


def simulate(
    sim_cfg: Mapping[str, Any] | None = None,
    model_cfg: Mapping[str, Any] | None = None,
    network_cfg: Mapping[str, Any] | None = None,
    stim_cfg: Mapping[str, Any] | None = None,
    noise_cfg: Mapping[str, Any] | None = None,
    monitor_cfg: Mapping[str, Any] | None = None,
    *,
    compat: bool = False,
) -> SimResult:
    """Run what the dicts describe; see `network` for what they may hold.

    Warns:
        RuntimeWarning: the run diverged.
    """
    cfgs = (sim_cfg, model_cfg, network_cfg, stim_cfg, noise_cfg, monitor_cfg)
    process = network(*cfgs, compat=compat)
    recording = run(process, key(sim_cfg, noise_cfg))
    if not recording.ok:
        warnings.warn(f"simulate: {recording.result}", RuntimeWarning, stacklevel=2)
    activity = recording["activity"]
    lfp = np.asarray(activity.values)
    n_before = 0 if compat else 1
    times = process.dt_s * (n_before + np.arange(len(lfp)))
    states = None
    if process.variables:
        values = np.asarray(recording["states"].values)
        states = {v: values[:, i] for i, v in enumerate(process.variables)}
    meta = _meta(cfgs, process, compat)
    return SimResult(times, lfp, states, meta, recording)


def _meta(cfgs: tuple, process: Any, compat: bool) -> dict[str, Any]:
    sim, params, net, _, noise, _ = (dict(cfg or {}) for cfg in cfgs)
    dt_s, duration_s = process.dt_s, process.duration_s
    return {
        "dt_s": dt_s,
        "duration_s": duration_s,
        "dt_ms": dt_s * 1e3,
        "duration_ms": duration_s * 1e3,
        "burn_in_s": seconds(sim, "burn_in", 0.0),
        "seed": seed_of(sim, noise),
        "noise_mode": noise.get("mode", "gaussian"),
        "params": {**params, **merged(params, noise)},
        "backend": "jaxsim",
        "integrator": type(process.solver).__name__,
        "compat": compat,
        "jit": bool(sim.get("jit", True)),
        "n_nodes": process.n_nodes,
        "G_net": net.get("G_net", 0.0),
        "connectivity_meta": load_connectivity(net, compat=compat).meta,
    }


def _plain(value: Any) -> Any:
    """What JSON does not know."""
    if isinstance(value, np.generic):
        return value.item()
    if hasattr(value, "__array__"):
        return np.asarray(value).tolist()
    return repr(value)


def _arrays(path: Path) -> tuple[dict[str, np.ndarray], list[str]]:
    """Plain members of an .npz, and the names of pickled ones."""
    if not zipfile.is_zipfile(path):
        return read_npz(path), []  # its sentence
    plain, pickled = {}, []
    for member, content in read_zip(path).items():
        name = member.removesuffix(".npy")
        try:
            plain[name] = npy_from_bytes(content, f"{path}: {member}")
        except ValueError as error:
            if "Python objects" not in str(error):
                raise
            pickled.append(name)
    return plain, pickled


def save_sim_result(result: SimResult, path: str | os.PathLike) -> None:
    """`result.save(path)`."""
    result.save(path)


def load_sim_result(path: str | os.PathLike) -> SimResult:
    """`SimResult.load(path)`."""
    return SimResult.load(path)


def save_params(params: Mapping[str, Any], path: str | os.PathLike) -> None:
    """Parameters as JSON."""
    Path(path).write_text(json.dumps(dict(params), indent=2, default=_plain) + "\n")


def load_params(path: str | os.PathLike) -> dict[str, Any]:
    """Parameters from JSON."""
    from jaxsim.store.documents import read_text

    return dict(read_text(path))


def save_psd(freqs: Any, psd: Any, path: str | os.PathLike) -> None:
    """A spectrum as .npz."""
    np.savez(path, freqs=np.asarray(freqs), psd=np.asarray(psd))


def load_psd(path: str | os.PathLike) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies and density from .npz."""
    arrays = read_npz(existing_file(path, "a spectrum"))
    for name in ("freqs", "psd"):
        if name not in arrays:
            raise ValueError(f"{path} has no {name}; it has {', '.join(arrays)}.")
    return arrays["freqs"], arrays["psd"]
