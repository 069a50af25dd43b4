"""The Wendling program on BrainPy: its configuration dicts become a network and a fit.

A script needs one other import:

```python
from jaxsim.convert import brainpy_wendling as wendling

result = wendling.simulate(sim_cfg=..., model_cfg=..., network_cfg=..., noise_cfg=...)
network = wendling.network(sim_cfg=..., model_cfg=..., network_cfg=...)  # a js.Network
```

A configuration means what it says: `integrator: "rk4"` runs Runge-Kutta, the noise has
an intensity that does not depend on the step, `fixed` values are fixed. With
`compat=True` it means what that program made of it: Euler steps, one draw of unscaled
noise per step, a single node that ignores `mode`, `shared` and initial values. In both,
unknown words are refused, where that program ignored them.

- `integrator`: rk4 (the default), heun, euler. *compat*: Euler, whatever it says.
- `p_sigma`: size per step of 0.1 ms, scaled to the step. *compat*: size per step.
- `mode`: gaussian, uniform; deterministic and stochastic, which stand in its files, are
  gaussian, as there. *compat*: one node is always gaussian.
- `shared`, `yK_init`, `random_init`: honoured. *compat*: not for one node.
- `stim_cfg`: `p_ext`, `u_stim`, `pulses`, `site`. *compat*: refused, it was ignored.
- `network_cfg`: the same matrix, but that the two directions of a `small_world`
  connection weigh the same, and two sources are refused. *compat*: the same matrix.
- `jit`, `progress_bar`: taken; no number depends on them.
- `search_space`: `fixed` is applied, a, b, g are searched by ratios unless `log_scale`
  says otherwise, and `G_net` is not free in one node. *compat*: bounds alone count.
- `psd_cfg.freq_range`: where spectra are compared. *compat*: all bins are compared.
- `target_freqs`: the target is interpolated to the bins compared. *compat*: ignored.
- seed 0 of a fit is 0. *compat*: 42.
- `log_psd_mse` works in both; there it failed in every evaluation.

Random numbers come from JAX keys, so that noise is another realisation of the same law.
Matrices of generators and random initial values are those that program draws.
"""

from jaxsim.convert.brainpy_wendling.config import (
    STANDARD_PARAMS as STANDARD_PARAMS,
    TYPE_PARAMS as TYPE_PARAMS,
    get_default_params as get_default_params,
    get_type_params as get_type_params,
    merge_params as merge_params,
    read_config as read_config,
)
from jaxsim.convert.brainpy_wendling.connectivity import (
    Connectivity as Connectivity,
    load_connectivity as load_connectivity,
)
from jaxsim.convert.brainpy_wendling.network import key as key, network as network
from jaxsim.convert.brainpy_wendling.objective import (
    Problem as Problem,
    SearchSpace as SearchSpace,
    problem as problem,
)
from jaxsim.convert.brainpy_wendling.optimize import (
    OptResult as OptResult,
    optimize as optimize,
)
from jaxsim.convert.brainpy_wendling.result import (
    SimResult as SimResult,
    load_params as load_params,
    load_psd as load_psd,
    load_sim_result as load_sim_result,
    save_params as save_params,
    save_psd as save_psd,
    save_sim_result as save_sim_result,
    simulate as simulate,
)
from jaxsim.convert.brainpy_wendling.spectrum import (
    PsdResult as PsdResult,
    compute_psd as compute_psd,
    psd_to_db as psd_to_db,
)
from jaxsim.measure import (
    build_loss as build_loss,
    list_losses as list_losses,
    register_loss as register_loss,
)
