"""Derivatives of expectations from the probability of what was drawn."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


def score_mean(
    losses: Float[Array, "run *rest"], log_probability: Float[Array, "run *draws"]
) -> Float[Array, "*rest"]:
    r"""The mean of losses of several runs, with the derivative of the expectation.

    The value is that of `losses.mean(0)`, bit for bit. The derivative is

    $$ \frac1K \sum_k \left[ \partial L_k + \Big(L_k - \frac{1}{K - 1}
       \sum_{j \ne k} L_j\Big)\, \partial \log p_k \right], $$

    which is unbiased for any loss, a count or a threshold among them: the first term
    is what reaches the parameters beside the draws, the second the score function
    (REINFORCE), with the mean of the other runs as its baseline. It is noisier than
    "straight_through", so prefer that for losses that are linear in the draws.

    Made for runs with `estimator="score"` (`MarkovSpikes`, `PoissonSpikes`) or
    `readout="score"` (`ImageSensor`), which record the logarithms as
    `spikes_log_probability` (per cell) and `photons_log_probability` (per pixel).

    ```python
    def loss(rate_hz):
        process = js.replace(base, {"spikes.active_rate_hz": rate_hz})
        names = "spikes", "spikes_log_probability"
        runs = jax.vmap(lambda key: js.simulate(process, key, names))(keys)
        errors = (runs["spikes"].values.sum((1, 2)) - 100.0) ** 2
        return js.imaging.score_mean(errors, runs["spikes_log_probability"].values)
    ```

    Args:
        losses: one per run, or several per run of which each depends on its own draws
            alone (one per cell, say): that is less noisy.
        log_probability: of the draws of each run. Axes beyond those of the losses are
            summed: a loss per run depends on all of them.

    Raises:
        ValueError: less than two runs, or draws that belong to no loss.

    ```bibtex
    @article{williams1992simple,
      author = {Williams, Ronald J.},
      title = {Simple Statistical Gradient-Following Algorithms for Connectionist
               Reinforcement Learning},
      journal = {Machine Learning},
      volume = {8}, pages = {229--256}, year = {1992},
      doi = {10.1007/BF00992696}
    }
    @inproceedings{kool2019buy,
      author = {Kool, Wouter and van Hoof, Herke and Welling, Max},
      title = {Buy 4 {REINFORCE} Samples, Get a Baseline for Free!},
      booktitle = {ICLR Workshop: Deep RL Meets Structured Prediction},
      year = {2019}
    }
    ```
    """
    if losses.ndim < 1 or losses.shape[0] < 2:
        raise ValueError(
            f"score_mean: losses have shape {losses.shape}; give those of two runs or "
            "more, (run, ...): the baseline of each is the mean of the others."
        )
    if losses.shape != log_probability.shape[: losses.ndim]:
        raise ValueError(
            f"score_mean: losses have shape {losses.shape}, but the logarithms of "
            f"probabilities {log_probability.shape}, which must begin with the same "
            "axes."
        )
    log_p = log_probability.sum(tuple(range(losses.ndim, log_probability.ndim)))
    fixed = jax.lax.stop_gradient(losses)
    others = (fixed.sum(0, keepdims=True) - fixed) / (len(fixed) - 1)
    # zero but for its derivative; the logarithms themselves may be large
    score = (fixed - others) * (log_p - jax.lax.stop_gradient(log_p))
    return losses.mean(0) + score.mean(0)


def log_poisson(
    count: Float[Array, "*n"], rate: Float[Array, "*n"]
) -> Float[Array, "*n"]:
    """Logarithm of the probability of a count; finite in the dark, too."""
    tiny = float(jnp.finfo(rate.dtype).tiny)
    log_rate = jnp.log(jnp.maximum(rate, tiny))
    return count * log_rate - rate - jax.scipy.special.gammaln(count + 1.0)
