"""Whole recordings by the name of the microscope and the region under it."""

from typing import Any

from jaxsim.core.pipeline import Pipeline
