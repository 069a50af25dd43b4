"""SourceScores: how good an estimate is, told by the process that made the truth."""

from typing import Any, ClassVar

import jax.numpy as jnp

from jaxsim.core.param import static
from jaxsim.core.signal import Series, Signal
from jaxsim.core.step import AbstractStep
from jaxsim.measure.coverage import LEVELS, coverage_curve
from jaxsim.measure.localisation import peak_error, region_error
from jaxsim.measure.source_error import source_rmse
from jaxsim.measure.sources import Mode


class SourceScores(AbstractStep):
    """Errors and coverage of an estimate, so that a sweep need not keep the posterior.

    Coverage is told at fixed nominal levels, of all sources and of the active ones (see
    `js.measure.coverage_curve`); it is a curve to recalibrate with. Without an active
    source its curve and the distances are those of nothing: -1.

    **Needs:** `activity`, `estimate`, `posterior_blocks`, `source_positions`.
    **Makes:** `rmse`, `peak_error`, `region_error`, `coverage`, `coverage_active`.
    """

    levels: tuple[float, ...] = static(LEVELS, "nominal levels of coverage")
    mode: Mode = static("pointwise", "every time, or (aggregated) their mean")

    makes: ClassVar[dict[str, Signal]] = {
        "rmse": Signal("", "nAm", "root of the mean squared error of the amplitudes"),
        "peak_error": Signal(
            "", "m", "from the strongest estimate to the nearest active source"
        ),
        "region_error": Signal("", "m", "between active and estimated sources"),
        "coverage": Signal("level", "1", "fraction of truths in their regions"),
        "coverage_active": Signal("level", "1", "the same, of active sources alone"),
    }

    def __call__(
        self,
        activity: Series,
        estimate: Series,
        posterior_blocks: Series,
        source_positions: Series,
    ) -> dict[str, Any]:
        """Measure."""
        true, found = activity.values, estimate.values
        blocks, places = posterior_blocks.values, source_positions.values
        k = blocks.shape[-1]
        curve = coverage_curve(true, found, blocks, levels=self.levels, mode=self.mode)

        def known(values: Any) -> Any:
            return jnp.where(jnp.isfinite(values), values, -1.0)

        return {
            "rmse": source_rmse(true, found, n_components=k, mode=self.mode),
            "peak_error": known(
                peak_error(true, found, places, n_components=k, mode=self.mode)
            ),
            "region_error": known(
                region_error(true, found, places, n_components=k, mode=self.mode)
            ),
            "coverage": curve.empirical,
            "coverage_active": known(curve.empirical_active),
        }
