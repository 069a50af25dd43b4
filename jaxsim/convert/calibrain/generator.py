"""Its `DataGenerator`: solver, three grids and a number of runs become one table."""

import logging
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxsim.convert.calibrain import table
from jaxsim.convert.calibrain.erp import merged
from jaxsim.convert.calibrain.grids import configurations, one_of
from jaxsim.convert.calibrain.process import Program, design_of, process_of, programs
from jaxsim.convert.calibrain.solvers import solver_named
from jaxsim.convert.calibrain.subject import Subject, read_subject
from jaxsim.core.declared import get
from jaxsim.core.pipeline import Pipeline
from jaxsim.core.progress import Progress
from jaxsim.core.recording import Recording
from jaxsim.store.spec import digest
from jaxsim.store.versions import physics_version
from jaxsim.study.sweep import sweep


LOG = logging.getLogger(__name__)
PAIRINGS = ("independent", "paired")
CACHE_BYTES, ROOM_BYTES = 1 << 22, 1 << 32


class DataGenerator:
    """Sources, sensors and an estimator at every point of three grids.

    All grids are checked when it is made: a mistake anywhere is one sentence before
    anything runs. Configurations that differ by the signal to noise ratio alone run in
    one `js.sweep`, many at once; each leadfield is read once.

    Random numbers are not CaliBrain's. The column `seed` is what CaliBrain draws, from
    the same `RandomState(random_state)`, and run i here is

        simulate(generator.process(config), fold_in(key(random_state), seed))

    so sources, noise, and with them every number that depends on a draw, are other
    realisations of the same law. With `pairing="paired"` the runs of every
    configuration take the same `nruns` seeds: they share sources and noise up to what
    the configuration changes, and adding values to a grid leaves the other runs alone.

    Args:
        solver: a name (`"gamma_map_sflex"`), or a function that bears it.
        solver_param_grid: parameter -> values, as the solver has them; expanded in the
            order of scikit-learn's `ParameterGrid`.
        data_param_grid: subject, nnz, orientation_type, alpha_SNR and
            sensor_white_noise_std (which cancels: only `eta` feels it).
        noise_param_grid: noise_type.
        ERP_config: of the sources; what is left out has CaliBrain's default.
        source_simulator: an object whose `ERP_config` is meant, in its stead.
        leadfield_builder: an object whose `leadfield_dir` is meant.
        sensor_simulator: taken; it holds nothing that is needed.
        save_posterior_stats: keep truth, estimate and posterior blocks of each run.
        posterior_dir: folder of the stores. A run that was stopped goes on from them.
        random_state: a whole number.
        logger: gets a line for each sweep.
        leadfield_dir: folder of the `.npz` files.
        pairing: "independent" or "paired".
        compat: posteriors as CaliBrain 1.0.3 makes them (see `js.GammaMap`).

    Raises:
        ValueError: grid, key and value that is not allowed, and what is.
        FileNotFoundError: a leadfield that is not there.
    """

    def __init__(
        self,
        solver: str | Callable[..., Any],
        solver_param_grid: Any,
        data_param_grid: Any,
        noise_param_grid: Any,
        ERP_config: Mapping[str, Any] | None = None,
        source_simulator: Any = None,
        leadfield_builder: Any = None,
        sensor_simulator: Any = None,
        save_posterior_stats: bool = True,
        posterior_dir: str | os.PathLike | None = None,
        random_state: Any = 42,
        logger: Any = None,
        *,
        leadfield_dir: str | os.PathLike | None = None,
        pairing: str = "independent",
        compat: bool = False,
    ) -> None:
        del sensor_simulator
        self.solver, _ = solver_named(solver)
        self.erp = _one_erp(ERP_config, source_simulator)
        folder = leadfield_dir or getattr(leadfield_builder, "leadfield_dir", None)
        if folder is None:
            raise ValueError(
                "DataGenerator needs leadfield_dir, the folder with "
                "'<subject>_<orientation>_leadfield.npz'."
            )
        one_of("DataGenerator", "pairing", pairing, PAIRINGS)
        if isinstance(random_state, bool) or not isinstance(
            random_state, (int, np.integer)
        ):
            raise ValueError(
                f"DataGenerator: random_state = {random_state!r}; give a whole number "
                "from 0 to 4294967295."
            )
        self.random_state, self.pairing = int(random_state), pairing
        self.compat, self.logger = compat, logger or LOG
        self.save_posterior_stats = save_posterior_stats
        self.posterior_dir = None if posterior_dir is None else Path(posterior_dir)
        self.configs = configurations(
            solver_param_grid, data_param_grid, noise_param_grid
        )
        pairs = [(c.data["subject"], c.data["orientation_type"]) for c in self.configs]
        self.subjects = {
            pair: read_subject(folder, *pair) for pair in dict.fromkeys(pairs)
        }
        self.programs: list[Program] = programs(
            self.configs, self.solver, self.subjects, self.erp, compat
        )

    @property
    def key(self) -> Any:
        """What the seed of each run is folded into."""
        return jax.random.key(self.random_state)

    def process(self, config: int = 0) -> Pipeline:
        """The process of a configuration, by its number from 0."""
        one = self.configs[config]
        return process_of(one, self.solver, self.subject(config), self.erp, self.compat)

    def subject(self, config: int) -> Subject:
        """The leadfield of a configuration."""
        data = self.configs[config].data
        return self.subjects[data["subject"], data["orientation_type"]]

    def seeds(self, nruns: int) -> np.ndarray:
        """The seeds of all runs (configuration, run), as CaliBrain draws them."""
        n, random = len(self.configs), np.random.RandomState(self.random_state)
        if self.pairing == "paired":
            drawn = random.randint(0, 2**32, size=nruns, dtype=np.int64)
            return np.broadcast_to(drawn, (n, nruns))
        return random.randint(0, 2**32, size=n * nruns, dtype=np.int64).reshape(n, -1)

    def run(
        self,
        nruns: int = 2,
        fig_path: str | os.PathLike = "results/figures",
        n_jobs: int = 1,
        run_offset: int = 0,
        global_total_runs: int | None = None,
        *,
        block: int | None = None,
        progress: Progress = None,
    ) -> Any:
        """Run every configuration, and give the table of runs.

        Args:
            nruns: runs of each configuration.
            fig_path: where posteriors are kept if there is no `posterior_dir`; nothing
                is drawn.
            n_jobs: taken; runs share a program and a device, however many there are.
            run_offset: added to `global_run_id`.
            global_total_runs: runs in all, for the log.
            block: runs at a time; by default see `fitting_block`.
            progress: as in `js.sweep`, for each sweep.

        Returns:
            A pandas table: CaliBrain's columns in its order (`active_indices_size`
            counts prior variances that are not zero), then `status` and `converged`
            (see `js.Recording`), `n_iter`, `evidence`, `eta`, `snr_db`,
            `effective_active`, `oracle_var`, `baseline_var`, errors, coverage at the
            levels of `js.measure.LEVELS` and nearer to 0 and 1, and what made the run.
            A sweep that was stopped by an error has status 3 and an `error_message` in
            its rows; the others go on.
        """
        del n_jobs
        if nruns < 1:
            raise ValueError(f"run: nruns = {nruns}; give 1 or more.")
        seeds, total = self.seeds(nruns), len(self.configs) * nruns
        rows: dict[int, tuple[dict, dict]] = {}
        for program in self.programs:
            rows |= self._swept(program, seeds, Path(fig_path), block, progress)
            self.logger.info(
                "[total: %d/%d] %s", run_offset + len(rows),
                global_total_runs or run_offset + total, self.solver,
            )  # fmt: skip
        theirs, new = [], []
        for at in range(total):
            config, run = divmod(at, nruns)
            front = table.asked(
                self.configs[config], self.solver, int(seeds[config, run]), run + 1,
                run_offset + at + 1,
            )  # fmt: skip
            theirs.append(front | rows[at][0])
            new.append(rows[at][1])
        return table.as_frame(theirs, new)

    def _swept(
        self,
        program: Program,
        seeds: np.ndarray,
        fig_path: Path,
        block: int | None,
        progress: Progress,
    ) -> dict[int, tuple[dict, dict]]:
        """The rows of one sweep, by their number in the whole."""
        nruns = seeds.shape[1]
        lanes = [(c, r) for c in program.configs for r in range(nruns)]
        design = design_of(
            [self.configs[c] for c, _ in lanes], seeds[program.configs].ravel()
        )
        record = table.recorded(program.process, self.save_posterior_stats)
        store = self._store(program, design, record, fig_path)
        subject = self.subject(program.configs[0])
        if block is None and (store is None or not store.exists()):
            block = min(len(lanes), fitting_block(subject))
        n_times = get(program.process, "sources").n_samples
        began, runs, error = time.perf_counter(), None, None
        try:
            runs = sweep(
                program.process, design, self.key, record,
                block=block, store=store, progress=progress,
            )  # fmt: skip
        except Exception as stopped:  # of one sweep; the rows say so
            error = stopped
            self.logger.error("%s: %s", self.solver, stopped)
        spent = (time.perf_counter() - began) / len(lanes)
        digests = {c: digest(self.process(c), self.key) for c in program.configs}
        rows = {}
        for lane, (config, run) in enumerate(lanes):
            if isinstance(runs, Recording):
                saved = store if self.save_posterior_stats else None
                theirs, new = table.found(runs, lane, subject, n_times, saved)
            else:
                assert error is not None
                theirs, new = table.failed(error, subject, n_times)
            seed = int(seeds[config, run])
            new |= {
                "wall_s": spent,
                "device": jax.devices()[0].device_kind,
                "dtype": jnp.result_type(float).name,
                "schema_version": table.SCHEMA_VERSION,
                "jaxsim_version": physics_version(),
                "content_hash": table.content_hash(digests[config], seed),
            }
            rows[config * nruns + run] = theirs, new
        return rows

    def _store(
        self, program: Program, design: Any, record: tuple[str, ...], fig_path: Path
    ) -> Path | None:
        """A folder of its own for each sweep, by what it means."""
        folder = self.posterior_dir
        if folder is None and not self.save_posterior_stats:
            return None
        config = self.configs[program.configs[0]]
        facts = {"record": list(record), "design": design.document()}
        data = config.data
        words = (
            self.solver, data["subject"], data["orientation_type"],
            f"nnz{data['nnz']}", config.noise["noise_type"],
            digest(program.process, self.key, **facts)[:12],
        )  # fmt: skip
        folder = fig_path if folder is None else folder
        folder.mkdir(parents=True, exist_ok=True)
        return folder / ("_".join(words).replace(os.sep, "-") + ".zarr")


def fitting_block(subject: Subject) -> int:
    """Runs at a time.

    On a CPU as many as keep what a step of an estimator writes within its caches (two
    rows for each sensor, of all coefficients); elsewhere as many as have room for the
    distances between all locations.
    """
    gain = subject.leadfield.gain
    if jax.default_backend() == "cpu":
        return max(1, min(256, CACHE_BYTES // (2 * gain.size * gain.dtype.itemsize)))
    return max(1, ROOM_BYTES // (4 * subject.n_locations**2 * gain.dtype.itemsize))


def _one_erp(config: Any, simulator: Any) -> dict[str, Any]:
    """The configuration of the sources, of the two places where one may stand."""
    inside = getattr(simulator, "ERP_config", None)
    if config is None or inside is None:
        return merged(inside if config is None else config)
    one, other = merged(config), merged(inside)
    apart = [key for key in one if repr(one[key]) != repr(other[key])]
    if apart:
        key = apart[0]
        raise ValueError(
            f"ERP_config[{key!r}] is {one[key]!r}, but that of source_simulator is "
            f"{other[key]!r} (which CaliBrain takes): give one of them."
        )
    return one
