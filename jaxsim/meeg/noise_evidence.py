"""The noise level that the evidence of the whole field says."""

from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxsim.core.param import Param, param
from jaxsim.core.signal import Signal
from jaxsim.meeg.bmn import spectrum
from jaxsim.meeg.estimator import check_sizes, status_of
from jaxsim.meeg.gaussian import scaled
from jaxsim.meeg.noise_level import AbstractNoiseLevel, as_variance
from jaxsim.meeg.signals import NOISE_VARIANCE, STATUS


class EvidenceNoise(AbstractNoiseLevel):
    r"""The noise under which the whole field is likeliest, were all sources alike.

    Of the model of `BayesianMinimumNorm`, prior variance and noise variance are found
    together, by Fisher scoring of their logarithms in the eigenvectors of $L L^T$,
    where the likelihood is that of independent gammas:

    $$ E = \sum_i \log(\gamma \Lambda_i + \lambda)
    + \frac{s_i}{\gamma \Lambda_i + \lambda} $$

    **Needs:** `field`, `gain`. **Makes:** `noise_variance`, and a status: 4 when it did
    not settle.
    """

    floor: Param = param(
        1e-8, "1", (0.0, 1.0), "least, as a fraction of the field's mean square"
    )
    no_gradient: ClassVar[tuple[str, ...]] = ("floor",)
    makes: ClassVar[dict[str, Signal]] = {
        "noise_variance": NOISE_VARIANCE,
        "status": STATUS,
    }

    def __call__(self, field: Any, gain: Any) -> dict[str, Any]:
        """Score, a fixed number of times."""
        check_sizes(gain.values, field.values, 1, "EvidenceNoise")
        with jax.default_matmul_precision("highest"):
            problem = scaled(gain.values, field.values)
            view = spectrum(problem, jnp.ones((gain.values.shape[1], 1, 1)))
            mean = view.data.mean()
            mean = jnp.where(mean > 0, mean, 1.0)
            logs, step = scored(view.signal, view.data / mean)
        unit = jnp.square(problem.field_scale) * view.noise_scale * mean
        least = self.floor * jnp.square(field.values).mean()
        settled = jnp.abs(step).max() < 1e-3
        finite = jnp.isfinite(logs).all()
        return {
            "noise_variance": as_variance(unit * jnp.exp(logs[1]), least, field),
            "status": status_of(finite, problem.degenerate, settled),
        }


def scored(
    signal: Float[Array, " sensor"], data: Float[Array, " sensor"], n_steps: int = 100
) -> tuple[Float[Array, "2"], Float[Array, "2"]]:
    """Logarithms of gamma and lambda after Fisher scoring, and the last step.

    Below e^-30 of its start a variance counts as zero; steps are no longer than e.
    """
    low, high = -30.0, 30.0

    def once(logs: Array, _: None) -> tuple[Array, Array]:
        parts = jnp.exp(logs)[:, None] * jnp.stack([signal, jnp.ones_like(signal)])
        total = parts.sum(0)
        share = parts / total[None]
        slope = (share * (1.0 - data / total)[None]).sum(1)
        a, b, c = (share[i] @ share[j] for i, j in ((0, 0), (0, 1), (1, 1)))
        a, c = a + 1e-3 * (a + c), c + 1e-3 * (a + c)  # where one of them is zero
        step = jnp.stack([c * slope[0] - b * slope[1], a * slope[1] - b * slope[0]])
        new = jnp.clip(logs - jnp.clip(step / (a * c - b * b), -1.0, 1.0), low, high)
        return new, new - logs

    start = jnp.log(jnp.stack([1.0 / signal.mean(), jnp.ones_like(signal[0])]) / 2)
    logs, steps = jax.lax.scan(once, start.astype(signal.dtype), None, length=n_steps)
    return logs, steps[-1]
