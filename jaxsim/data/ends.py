"""The range of values that a prior gives to a path, refused when not allowed."""

from typing import Any

import numpy as np

from jaxsim.core.declared import card, replace
from jaxsim.core.step import AbstractStep
from jaxsim.study.prior import AbstractPrior


def ends(process: AbstractStep, path: str, prior: Any) -> tuple[Any, Any]:
    """The lowest and highest values of a path, held inside its bounds.

    Raises:
        ValueError: a static path, or a prior that lies outside the bounds.
        TypeError: it is no prior.
    """
    found = card(process, path)
    if found.role == "static":
        raise ValueError(
            f"{path} is static: it shapes the program, and one stream has one program. "
            "Make a stream for each of its values."
        )
    if not isinstance(prior, AbstractPrior):
        raise TypeError(
            f"{path}: a prior is js.uniform(low, high), js.log_uniform(low, high), "
            "js.normal(mean, sd), js.choice(...), js.mixture(...) or "
            f"js.curriculum(...), not {prior!r}."
        )
    low, high = (np.broadcast_to(end, prior.shape) for end in prior.ends())
    if (high < found.bounds[0]).any() or (low > found.bounds[1]).any():
        replace(process, {path: high if (high < found.bounds[0]).any() else low})
    return low.clip(*found.bounds), high.clip(*found.bounds)
