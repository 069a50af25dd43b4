"""One combination of its grids as a process, and combinations that run at once."""

import dataclasses
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from jaxsim.convert.calibrain.erp import has_baseline, sources_of
from jaxsim.convert.calibrain.grids import Config
from jaxsim.convert.calibrain.solvers import SOLVERS, check_solver
from jaxsim.convert.calibrain.subject import Subject
from jaxsim.convert.calibrain.table import COVERED
from jaxsim.core.pipeline import Pipeline
from jaxsim.core.step import AbstractStep
from jaxsim.meeg.noise_cv import SpatialCv, TemporalCv
from jaxsim.meeg.noise_evidence import EvidenceNoise
from jaxsim.meeg.noise_level import BaselineNoise, OracleNoise
from jaxsim.meeg.sensor_noise import SensorNoise
from jaxsim.meeg.source_scores import SourceScores
from jaxsim.study.design import Axis, Design


FROM_THE_FIELD = {
    "spatial_cv": SpatialCv,
    "temporal_cv": TemporalCv,
    "evidence": EvidenceNoise,
}
MOVING = ("alpha_SNR", "sensor_white_noise_std")  # what runs of one sweep differ by


class Program(NamedTuple):
    """Configurations that differ by traced numbers alone, and run in one sweep.

    Attributes:
        process: of the first of them.
        configs: their numbers in the whole list.
    """

    process: Pipeline
    configs: list[int]


@dataclasses.dataclass(frozen=True, eq=False)
class SeededDesign(Design):
    """A design each of whose runs folds a number of its own into the key."""

    seeds: tuple[int, ...] = ()

    def keys(self, runs: np.ndarray) -> np.ndarray:
        """The seeds of some runs."""
        return np.asarray(self.seeds, np.uint32)[runs]

    def document(self) -> dict[str, Any]:
        """Plain data, seeds and all."""
        return super().document() | {"seeds": list(self.seeds)}


def process_of(
    config: Config,
    solver: str,
    subject: Subject,
    erp: Mapping[str, Any],
    compat: bool = False,
) -> Pipeline:
    """The process of one combination.

    Raises:
        ValueError: a parameter or value that is not allowed, by name.
    """
    data, noise_type = config.data, config.noise["noise_type"]
    check_solver(solver, config.solver, noise_type)
    leadfield = subject.leadfield
    k, n = leadfield.n_components, leadfield.gain.shape[1]
    if data["nnz"] > subject.n_locations:
        raise ValueError(
            f"data_param_grid['nnz'] has {data['nnz']}; the leadfield of "
            f"{data['subject']!r} allows 0 to {subject.n_locations}."
        )
    levels: dict[str, AbstractStep] = {"oracle": OracleNoise()}
    if has_baseline(erp) or noise_type == "baseline":
        levels["baseline"] = BaselineNoise(onset_s=float(erp["stim_onset"]))
    if noise_type == "oracle":
        levels["oracle"] = levels.pop("oracle")  # the last one counts
    elif noise_type in FROM_THE_FIELD:
        levels[noise_type] = FROM_THE_FIELD[noise_type]()
    return Pipeline(
        sources=sources_of(erp, subject.n_locations, int(data["nnz"]), k),
        leadfield=leadfield,
        noise=SensorNoise(
            alpha_snr=float(data["alpha_SNR"]),
            sensor_scale=float(data["sensor_white_noise_std"]),
        ),
        **levels,
        estimate=SOLVERS[solver].build(config.solver, k, n, compat),
        scores=SourceScores(levels=COVERED),
    )


def programs(
    configs: list[Config],
    solver: str,
    subjects: Mapping[tuple[str, str], Subject],
    erp: Mapping[str, Any],
    compat: bool,
) -> list[Program]:
    """All configurations, put together where one sweep serves.

    Those that differ by a solver's `tol` or `sigma` are swept apart, but compiled once:
    the basis of sFLEX is then made once for all runs, not once for each.
    """
    found: dict[str, Program] = {}
    for number, config in enumerate(configs):
        data = config.data
        subject = subjects[data["subject"], data["orientation_type"]]
        process = process_of(config, solver, subject, erp, compat)
        fixed = {k: v for k, v in config.row.items() if k not in MOVING}
        same = repr({k: np.asarray(v).tolist() for k, v in fixed.items()})
        found.setdefault(same, Program(process, [])).configs.append(number)
    return list(found.values())


def design_of(configs: list[Config], seeds: np.ndarray) -> SeededDesign:
    """The runs of one sweep.

    Args:
        configs: one for each run.
        seeds: likewise.
    """
    columns = (
        np.asarray([float(c.data["alpha_SNR"]) for c in configs]),
        np.asarray([float(c.data["sensor_white_noise_std"]) for c in configs]),
    )
    return SeededDesign(
        (Axis("run", len(configs)),),
        ("noise.alpha_snr", "noise.sensor_scale"),
        (0, 0),
        columns,
        seeds=tuple(int(seed) for seed in seeds),
    )
