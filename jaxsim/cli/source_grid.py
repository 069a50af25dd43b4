"""`sweep calibration.yaml`: a file that holds a grid of source estimates."""

from pathlib import Path
from typing import Any

from jaxsim.convert.calibrain.document import is_generator, read_generator
from jaxsim.convert.calibrain.table import COVERAGE_90


TEXTS = (".yaml", ".yml", ".toml", ".json")
SHOWN = (
    *("global_run_id", "seed", "subject", "orientation_type", "nnz", "alpha_SNR"),
    *("noise_type", "gamma", "noise_var", "effective_active", "n_iter"),
    *("peak_error_m", COVERAGE_90),
)


def is_source_grid(text: str) -> bool:
    """Whether a word on the command line names such a file."""
    from jaxsim.store.documents import read_text

    path = Path(text)
    if path.suffix not in TEXTS or not path.is_file():
        return False
    return is_generator(read_text(path))


def run_source_grid(path: str, csv: str, out: str, block: int | None) -> Any:
    """Run it, print the table, keep it.

    Args:
        path: the file.
        csv: a file for the whole table; none keeps none.
        out: folder of the posteriors, instead of the one that the file names.
        block: runs at a time.
    """
    generator, given = read_generator(path)
    if out:
        generator.posterior_dir = Path(out)
    elif generator.posterior_dir is None:
        generator.save_posterior_stats = False  # nobody said where
    options: dict[str, Any] = {"block": block} | given
    table = generator.run(**options)
    shown = [name for name in SHOWN if name in table]
    print(table[shown].to_string(max_rows=40, float_format=lambda v: f"{v:.4g}"))
    if csv:
        table.to_csv(csv, index=False)
        print(f"kept: {csv}")
    if generator.posterior_dir is not None:
        print(f"kept: {generator.posterior_dir}")
    return table
