"""CaliBrain's data generator: its arguments as they stand, one table as it gives it.

```python
from jaxsim.convert import calibrain

generator = calibrain.DataGenerator(
    solver="gamma_map_sflex",  # or CaliBrain's function of that name
    solver_param_grid={"sigma": [0.01], "max_iter": [150], "tol": [1e-7]},
    data_param_grid={"subject": ["S1"], "nnz": [4], "orientation_type": ["fixed"],
                     "alpha_SNR": [0.5, 0.8], "sensor_white_noise_std": [0.2]},
    noise_param_grid={"noise_type": ["oracle"]},
    ERP_config=erp_config, leadfield_dir="leadfields", random_state=83,
)
table = generator.run(nruns=25)
```

CaliBrain is not needed, and its objects are not imported: of a simulator or builder
that is given, the attributes are read.

What differs, on purpose:

- Grids are checked before anything runs, where a mistake there fails in every run.
- The order of the grid, the number of runs and the column `seed` are the same; random
  numbers are not (see `DataGenerator`).
- `oracle` has a floor, so that it works without noise; `baseline` divides by n - 1 and
  counts its samples without a fault of rounding.
- `noise_type` may also be `spatial_cv`, `temporal_cv` or `evidence`, which CaliBrain
  1.0.3 has not: `js.meeg.SpatialCv`, `TemporalCv` and `EvidenceNoise`.
- `init_gamma`, `update_mode` and so on mean what they mean there. A solver refuses a
  `noise_type` that it would ignore.
- `erp_min_length` below 28 counts as 28: there, the filter fails at random below it.
- Posterior means and covariances belong to the last prior variances, and groups of
  K > 1 components do not depend on coordinates. With `compat=True` both are as there.
  `gamma`, `noise_var` and `active_indices_size` of K = 1 are the same in both.
- Posteriors lie in one zarr store for each sweep (`posterior_summary` reads a run), as
  blocks of a location, not as one matrix of all.
- Nothing is drawn, and no folder is made that stays empty.
"""

from jaxsim.convert.calibrain.document import read_generator as read_generator
from jaxsim.convert.calibrain.generator import DataGenerator as DataGenerator
from jaxsim.convert.calibrain.posterior import (
    PosteriorSummary as PosteriorSummary,
    posterior_summary as posterior_summary,
)
from jaxsim.convert.calibrain.table import TableCurves as TableCurves, curves as curves
from jaxsim.convert.calibrain.write_leadfield import write_leadfield as write_leadfield
