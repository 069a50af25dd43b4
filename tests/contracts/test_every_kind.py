"""The contract of `js.testing`, over every kind that jaxsim registers."""

import pytest

import jaxsim as js
from jaxsim import testing
from jaxsim.core.declared import KINDS
from tests.contracts.estimator_examples import ESTIMATORS, estimating
from tests.contracts.examples import EXAMPLES, FELT_BY_ALL, HOSTS
from tests.contracts.meeg_examples import STEPS as MEEG_STEPS, meeg_process
from tests.contracts.movie_examples import imaging_process


SKIPPED = {
    "Pipeline": "has its own tests (core/test_pipeline.py): empty it makes nothing",
    "GivenSignals": "is the test bench itself",
}
LONG = {
    "Adaptive",
    "LinearSpectrum",
    "Neuropil",
    "PlaceNeurons",
    "Vessels",
}  # to compile
OURS = sorted(
    kind
    for kind, cls in KINDS.items()
    if cls.__module__.startswith("jaxsim.") and kind not in SKIPPED
)


def family(cls):
    """The name of the family in HOSTS that a class belongs to, or None."""
    return next((base.__name__ for base in cls.__mro__ if base.__name__ in HOSTS), None)


def process_of(kind):
    """An instance, a process that shows it, and where its parameters lie in that."""
    cls = KINDS[kind]
    if cls.__module__.startswith("jaxsim.imaging."):
        return imaging_process(kind)
    if kind in MEEG_STEPS:
        return meeg_process(kind)
    if kind in ESTIMATORS:
        return *estimating(kind), ("",)
    instance = EXAMPLES[kind]() if kind in EXAMPLES else cls()
    if isinstance(instance, js.AbstractStep):
        return instance, testing.process_around(instance), ("",)
    assert family(cls), (
        f"{kind} is neither a step nor of a family in tests/contracts/examples.py: say "
        "there which process shows what it does"
    )
    host, below = HOSTS[family(cls)]
    return instance, host(instance), (below, *FELT_BY_ALL)


@pytest.mark.parametrize("kind", OURS)
def test_cards_are_complete_and_the_document_round_trip_is_exact(kind):
    instance, _, _ = process_of(kind)
    testing.check_cards(type(instance))
    testing.check_document(instance)


@pytest.mark.parametrize("kind", OURS)
def test_compiled_batched_and_moved_runs_agree_and_nothing_recompiles(kind):
    instance, process, _ = process_of(kind)
    testing.check_dims(process)
    testing.check_vmap(process)
    testing.check_no_recompilation(process)
    if isinstance(instance, js.AbstractFrameStep):
        testing.check_blocks(process)


@pytest.mark.slow  # hundreds of little programs each, one per operation
@pytest.mark.parametrize("kind", OURS)
def test_one_program_and_step_by_step_agree_in_float64(kind):
    testing.check_jit(process_of(kind)[1])


@pytest.mark.parametrize(
    "kind",
    [pytest.param(k, marks=pytest.mark.slow if k in LONG else ()) for k in OURS],
)
def test_autodiff_equals_finite_differences_in_float64(kind):
    _, process, below = process_of(kind)
    testing.check_gradients(process, below)


def test_one_name_is_one_kind_of_thing_so_all_steps_fit_into_one_pipeline():
    axes = {}
    for kind in OURS:
        for name, card in (getattr(KINDS[kind], "makes", None) or {}).items():
            axes.setdefault(name, {}).setdefault(card.dims, []).append(kind)
    assert {name: found for name, found in axes.items() if len(found) > 1} == {}
