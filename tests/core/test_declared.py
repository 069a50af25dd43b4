"""Declared objects: one check behind every door, replace rebuilds, paths are exact."""

import jax
import numpy as np
import pytest

import jaxsim as js
from tests.toys import ToyLeak, ToyNodes, ToySine, ToySteady


def process():
    return js.Pipeline(nodes=ToyNodes(), leak=ToyLeak())


@pytest.mark.parametrize("value", [9.0, float("nan"), float("inf"), -0.1])
def test_a_value_outside_its_bounds_is_refused_by_every_door(value):
    with pytest.raises(ValueError, match=r"ToyLeak\.fraction = .* is outside \[0, 1\]"):
        ToyLeak(fraction=value)
    with pytest.raises(ValueError, match=r"^leak\.fraction = .* is outside \[0, 1\]"):
        js.replace(process(), {"leak.fraction": value})


def test_a_bound_given_in_float32_is_inside():
    assert float(ToyLeak(fraction=np.float32(1.0)).fraction) == 1.0


@pytest.mark.parametrize("value", ["0.3", True, None, 1j, object()])
def test_what_is_no_number_is_refused(value, unhooked):
    with pytest.raises((TypeError, ValueError)):
        js.replace(process(), {"leak.fraction": value})


def test_an_array_over_nodes_is_checked_with_the_index_of_the_first_fault():
    with pytest.raises(ValueError, match=r"1.5 \(at index \(1,\)\)"):
        ToyLeak(fraction=[0.2, 1.5])


def test_replace_changes_what_it_says_and_nothing_else():
    before = process()
    after = js.replace(before, {"leak.fraction": 0.25, "nodes.n_samples": 3})
    assert float(js.get(after, "leak.fraction")) == 0.25
    assert js.get(after, "nodes.n_samples") == 3
    assert np.isclose(float(js.get(before, "leak.fraction")), 0.4)


def test_replace_takes_another_part():
    after = js.replace(process(), {"nodes.drive": ToySine(frequency_hz=9.0)})
    assert float(js.get(after, "nodes.drive.frequency_hz")) == 9.0
    with pytest.raises(ValueError, match="is a part"):
        js.replace(process(), {"nodes.drive": 3.0})


def test_a_misspelt_path_is_refused_with_the_nearest_name():
    with pytest.raises(ValueError, match="Did you mean 'fraction'"):
        js.replace(process(), {"leak.fractoin": 0.1})
    with pytest.raises(ValueError, match="Did you mean 'leak'"):
        js.get(process(), "laek.fraction")
    with pytest.raises(ValueError, match="nothing lies below"):
        js.get(process(), "leak.fraction.more")


def test_a_static_field_takes_python_values_only():
    with pytest.raises(ValueError, match="static field shapes the program"):
        js.replace(process(), {"nodes.n_samples": jax.numpy.int32(3)})
    with pytest.raises(ValueError, match="expected int"):
        js.replace(process(), {"nodes.n_samples": 3.5})
    assert (
        js.replace(process(), {"nodes.n_samples": np.int64(5)}).steps[0].n_samples == 5
    )


def test_a_param_is_a_strong_array_whatever_it_was_given_as():
    kinds = (1, 1.0, np.float32(1), np.float64(1), np.int64(1), jax.numpy.asarray(1.0))
    for value in kinds:
        leaf = ToySteady(level=value).level
        assert leaf.dtype == np.float32
        assert not leaf.weak_type


def test_an_instance_as_default_is_refused_when_the_class_is_written():
    with pytest.raises(TypeError, match="part"):

        class ToyBad(js.Declared):
            drive: js.Declared = ToySteady()


def test_a_name_belongs_to_one_class():
    with pytest.raises(ValueError, match="is taken by"):

        class ToyLeak(js.Declared):
            """Another leak."""


def test_the_table_shows_every_value_with_unit_bounds_and_meaning():
    text = repr(js.table(process()))
    assert "leak.fraction" in text and "kept from one sample" in text
    assert "array 2x2" in text and "0 to 1" in text


def test_importing_jaxsim_wakes_no_device_and_loads_nothing_heavy():
    import subprocess
    import sys

    code = (
        "import sys, jaxsim\n"
        "from jax._src import xla_bridge\n"
        "assert not xla_bridge._backends, 'a device woke'\n"
        "heavy = {'optax', 'diffrax', 'xarray', 'zarr', 'pydantic', 'tyro', 'rich',"
        " 'scipy.stats', 'pandas', 'matplotlib', 'networkx'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    "build, sentence",
    [
        (lambda: js.Network(), r"Network needs 'model'"),
        (lambda: js.Leadfield(), r"Leadfield needs 'gain' \(field at each sensor"),
        (
            lambda: js.Network(js.JansenRit(), duration=1.0),
            r"Network has no 'duration'; .* Did you mean 'duration_s'\?",
        ),
        (lambda: js.Network(js.JansenRit), r"Network\.model: JansenRit is a class; "),
        (lambda: js.Network("jr"), r"Network\.model takes a part \(.*\), not 'jr'"),
        (
            lambda: js.Network(js.JansenRit(), solver=js.NoNoise()),
            r"Network\.solver takes a part \(Euler, .*\), not NoNoise\(\)",
        ),
        (
            lambda: js.Network(js.JansenRit(), connectome=np.eye(2)),
            r"Network\.connectome takes a part \(Connectome\), not ndarray",
        ),
        (
            lambda: js.Network(js.JansenRit(), variables="y1"),
            r"Network\.variables: expected a tuple of names, got 'y1'; write \('y1',\)",
        ),
        (
            lambda: js.replace(js.JansenRit(), ("A", 3.0)),
            r"replace takes a mapping of paths to values",
        ),
        (lambda: js.JansenRit(A="3"), r"JansenRit\.A: expected a number"),
        (
            lambda: js.Network(js.JansenRit(), duration_s="3"),
            r"Network\.duration_s: expected float, got '3'",
        ),
    ],
)
def test_a_wrong_argument_is_refused_by_its_name(unhooked, build, sentence):
    with pytest.raises(TypeError, match=sentence):
        build()
