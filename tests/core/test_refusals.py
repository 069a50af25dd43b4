"""What is refused before anything runs, and how a process prints."""

import jax
import numpy as np
import pytest

import jaxsim as js


def network(**more):
    return js.Network(model=js.Wendling(), duration_s=0.1, **more)


def test_a_process_prints_what_differs_from_the_defaults():
    assert repr(network()) == "Network(model=Wendling(), duration_s=0.1)"
    assert repr(js.Wendling(B=40)) == "Wendling(B=40.0)"
    assert repr(js.Wendling(B=[1.0, 2.0])) == "Wendling(B=<float32[2]>)"
    average = js.TemporalAverage(period_s=0.01)
    long = network(monitor=average, connectome=js.Connectome(np.zeros((2, 2))))
    assert repr(long).splitlines() == [
        "Network(",
        "  model=Wendling(),",
        "  connectome=Connectome(weights=<float32[2, 2]>),",
        "  monitor=TemporalAverage(period_s=0.01),",
        "  duration_s=0.1,",
        ")",
    ]


def test_a_traced_value_prints_as_such():
    texts = []

    def traced(b):
        texts.append(repr(js.Wendling(B=b)))
        return b

    jax.jit(traced)(1.0)
    assert "B=<traced float32[]>" in texts[0]


WRONG = {
    "record takes names of signals.*got 3": lambda key: js.simulate(
        network(), key, record=3
    ),
    "key must be a JAX random key, got 0": lambda key: js.remembered(network(), 0),
    "the first argument is the process": lambda key: js.remembered(3, key),
    "testing.check takes a class or object": lambda key: js.testing.check(3),
    "takes a model such as .* Of a network, take network.model": lambda key: (
        js.fixed_points(network())
    ),
    "from_file takes a path, got 3": lambda key: js.Connectome.from_file(3),
    "Connectome.weights = '76' is no array. Connectome.from_tvb": lambda key: (
        js.Connectome("76")
    ),
    "n_nodes = 10.5 must be a whole number": lambda key: js.generators.small_world(
        10.5, key
    ),
}


@pytest.mark.parametrize("sentence", WRONG)
def test_a_wrong_type_is_named_with_what_to_give(sentence, getkey, unhooked):
    with pytest.raises(TypeError, match=sentence):
        WRONG[sentence](getkey())


def test_a_process_without_signals_is_refused(getkey):
    with pytest.raises(ValueError, match="makes no signal. Give it steps"):
        js.simulate(js.Pipeline(), getkey())


def test_pulses_have_one_onset_for_all_nodes():
    with pytest.raises(ValueError, match=r"PulseTrain.start_s has shape \(2,\)"):
        js.PulseTrain(start_s=[0.1, 0.2])
