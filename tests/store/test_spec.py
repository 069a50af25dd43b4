"""Process <-> document: exact, checked by the cards, with a digest that means it."""

import copy
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import jax
import jax.numpy as jnp
import jsonschema
import numpy as np
import pytest

import jaxsim as js
from jaxsim.core.declared import FORMER, KINDS, leaves
from jaxsim.core.param import shortest
from jaxsim.store import spec
from jaxsim.store.documents import dumps, form_of, loads
from tests.store.examples import big, camera, nested, plain
from tests.toys import AbstractToyDrive, ToyNodes, ToySine


GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("form", ["json", "yaml", "toml"])
@pytest.mark.parametrize("make", [plain, nested, camera, big])
def test_a_process_survives_its_document(make, form):
    process, arrays = make(), {}
    document = loads(dumps(js.to_spec(process, arrays), form), form)
    back = js.from_spec(document, arrays)
    assert js.digest(back) == js.digest(process)
    assert jax.tree.structure(back) == jax.tree.structure(process)
    for one, other in zip(jax.tree.leaves(back), jax.tree.leaves(process), strict=True):
        assert one.dtype == other.dtype
        assert np.array_equal(one, other, equal_nan=True)


def test_numbers_read_as_they_were_written():
    process = ToyNodes(level=np.float32(0.4), sigma=1e-5)
    assert js.to_spec(process)["level"] == 0.4
    assert js.to_spec(process)["sigma"] == 1e-5


def test_every_float32_comes_back_bit_for_bit():
    bits = np.random.default_rng(0).integers(0, 2**32, 20_000, np.uint32)
    numbers = bits.view(np.float32)
    numbers = numbers[np.isfinite(numbers)]
    back = np.asarray(shortest(numbers)).astype(np.float32)
    assert np.array_equal(back.view(np.uint32), numbers.view(np.uint32))


def test_a_float32_file_means_the_same_number_in_float64(x64):
    document = {"kind": "ToyNodes", "level": 0.4}
    assert float(js.from_spec(document).level) == 0.4


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((0, 3), np.float32),
        np.arange(4, dtype=np.uint8).reshape(2, 2),
        np.asarray([1.0, np.inf], np.float32),
        np.zeros(65, np.float32),
    ],
    ids=["empty", "uint8", "infinite", "many"],
)
def test_what_text_cannot_hold_lies_beside(array):
    arrays = {}
    document = js.to_spec(ToyNodes(weights=array), arrays)
    assert document["weights"] == {"array": spec.array_digest(array)}
    back = js.from_spec(document, arrays)
    assert back.weights.dtype == array.dtype and back.weights.shape == array.shape
    assert js.digest(back) == js.digest(ToyNodes(weights=array))


def test_integers_and_booleans_keep_their_kind():
    for array in (np.asarray([[1, 2]], np.int32), np.asarray([[True, False]])):
        back = js.from_spec(js.to_spec(ToyNodes(weights=array)))
        assert back.weights.dtype == array.dtype


EDITS = [
    (("steps", 1, "fraction", 1.5), r"^leak.fraction = 1.5 is outside \[0, 1\]"),
    (
        ("steps", 1, "fractoin", 0.5),
        "^leak: ToyLeak has no 'fractoin'; it has fraction. Did you mean 'fraction'",
    ),
    (
        ("steps", 0, "drive", "frequency_hz", -1),
        r"^nodes.drive.frequency_hz = -1.0 Hz is outside \[0.1, 100\] Hz",
    ),
    (
        ("steps", 0, "drive", {"kind": "ToySin"}),
        "^nodes.drive: kind 'ToySin' is unknown here; known: .*Did you mean 'ToySine'",
    ),
    (("steps", 0, "drive", 3), "^nodes.drive: needs a mapping with a 'kind', one of"),
    (("steps", 0, "n_samples", 2.5), "^nodes.n_samples: expected int, got 2.5"),
    (("steps", 0, "n_samples", True), "^nodes.n_samples: expected int, got True"),
    (("steps", 0, "sigma", [0.1, float("nan")]), r"^nodes.sigma = nan .* \(at index"),
    (("steps", 0, "sigma", "0.1"), "^nodes.sigma: expected a number"),
    (("steps", 0, "sigma", None), "^nodes.sigma: expected a number"),
    (("steps", 0, "weights", {"array": "x"}), "^nodes.weights: is an array that lies"),
    (("steps", 0, "weights", {"a": 1}), r"^nodes.weights: takes numbers, or \{array"),
    (("steps", 1, "name", "a.b"), "'a.b' cannot name a step"),
    (("steps", 1, "name", "nodes"), "two steps are named 'nodes'"),
    (("steps", 1, "name", 3), "^step 2: every step of a pipeline needs a 'name'"),
    (("steps", 1, "kind", "ToyNode"), "^leak: kind 'ToyNode' is unknown here"),
    (("stepps", []), "Pipeline has no 'stepps'; it has needs, steps. Did you mean"),
    (("format", 99), "format 99 is newer than this program's 1: update jaxsim"),
    (("format", "new"), "format = 'new' is not a format number"),
    (("kind", "Pipelin"), "kind 'Pipelin' is unknown; .*Did you mean 'Pipeline'"),
]


@pytest.mark.parametrize("edit, says", EDITS, ids=[str(e[:-1]) for e, _ in EDITS])
def test_an_error_names_the_path_that_a_person_types(edit, says):
    document = at = js.to_spec(plain())
    for step in edit[:-2]:
        at = at[step]
    at[edit[-2]] = edit[-1]
    with pytest.raises(ValueError, match=says):
        js.from_spec(document)


def test_all_errors_come_at_once():
    document = js.to_spec(plain())
    document["steps"][0] |= {"sigma": -1, "n_samples": 0, "dirve": {}}
    del document["steps"][0]["dirve"]
    document["steps"][1]["fraction"] = 2
    with pytest.raises(ValueError) as caught:
        js.from_spec(document)
    paths = [line.split()[0] for line in str(caught.value).splitlines()]
    assert paths == ["nodes.sigma", "nodes.n_samples", "leak.fraction"]


def test_wiring_is_checked_from_a_document():
    document = js.to_spec(plain())
    document["steps"].reverse()
    with pytest.raises(
        ValueError, match="needs 'activity', which no earlier step makes"
    ):
        js.from_spec(document)


@pytest.mark.parametrize("document", [{}, {"kind": 3}, {"kind": "Pipeline"}, [], "a"])
def test_what_is_no_process_is_refused(document, unhooked):
    with pytest.raises(ValueError):
        js.from_spec(document)


def test_a_very_deep_document_is_refused():
    document = {"kind": "Pipeline", "steps": []}
    for _ in range(500):
        document = {"kind": "Pipeline", "steps": [{"name": "a", **document}]}
    with pytest.raises(ValueError, match="too deep"):
        js.from_spec(document)


def test_a_renamed_kind_still_loads():
    document = {"kind": "ToyNodes", "drive": {"kind": "ToySinus", "frequency_hz": 3}}
    process = js.from_spec(document)
    assert isinstance(process.drive, ToySine)
    assert js.to_spec(process)["drive"]["kind"] == "ToySine"
    assert isinstance(js.from_spec({"kind": "ToySinus"}), ToySine)


def test_a_kind_defined_later_is_known_later():
    js.from_spec(js.to_spec(plain()))

    class ToyLate(AbstractToyDrive):
        was: ClassVar[tuple[str, ...]] = ("ToyTardy",)
        level: js.Param = js.param(1.0, "1/s", (0.0, 1.0), "constant input")

    try:
        for kind in ("ToyLate", "ToyTardy"):
            document = {"kind": "ToyNodes", "drive": {"kind": kind}}
            assert type(js.from_spec(document).drive) is ToyLate
    finally:
        del KINDS["ToyLate"], FORMER["ToyTardy"]


def test_fields_left_out_take_their_defaults():
    assert js.digest(js.from_spec({"kind": "ToyNodes"})) == js.digest(ToyNodes())


def test_what_comes_from_a_document_is_frozen():
    process = js.from_spec(js.to_spec(plain()))
    with pytest.raises(AttributeError):
        process.steps[1].fraction = 3


def test_the_schema_is_sound_and_knows_bounds_units_and_docs():
    schema = js.json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    check = jsonschema.Draft202012Validator(schema)
    for process in (plain(), nested(), big()):
        check.validate(js.to_spec(process))
    bad = js.to_spec(plain())
    bad["steps"][1]["fraction"] = 1.5
    assert not check.is_valid(bad)
    sine = schema["$defs"]["ToySine"]
    frequency = sine["properties"]["frequency_hz"]
    assert frequency["x-unit"] == "Hz" and frequency["x-role"] == "param"
    assert frequency["description"] == "frequency of the input"
    assert frequency["anyOf"][0] == {"type": "number", "minimum": 0.1, "maximum": 100.0}
    assert sine["description"] == "A sinusoidal push."
    samples = schema["$defs"]["ToyNodes"]["properties"]["n_samples"]
    assert (samples["type"], samples["minimum"]) == ("integer", 1)


def test_the_schema_of_one_kind_by_name_class_or_process():
    of_class = js.json_schema(ToySine)
    assert js.json_schema("ToySine") == js.json_schema(ToySine()) == of_class
    jsonschema.Draft202012Validator.check_schema(of_class)
    with pytest.raises(ValueError, match="Did you mean 'ToySine'"):
        js.json_schema("ToySinn")


def test_the_house_has_a_sound_schema_of_every_kind():
    for kind in sorted(KINDS):
        jsonschema.Draft202012Validator.check_schema(js.json_schema(kind))


def test_every_field_is_in_the_digest():
    process = nested()
    seen = {js.digest(process)}
    for path, (value, card) in leaves(process).items():
        if card.role == "static":
            other = value + 1
        else:
            other = np.asarray(value) * 0.9 + 0.003
        seen.add(js.digest(js.replace(process, {path: other})))
    assert len(seen) == 1 + len(leaves(process))


def test_key_facts_version_and_float_type_are_in_the_digest(getkey, monkeypatch):
    process, key = plain(), getkey()
    seen = [
        js.digest(process),
        js.digest(process, key),
        js.digest(process, getkey()),
        js.digest(process, jax.random.key(0, impl="rbg")),
        js.digest(process, key, record=("trace",)),
        js.digest(process, key, record=("trace",), block=3),
    ]
    monkeypatch.setattr(spec, "physics_version", lambda: "9.9")
    seen.append(js.digest(process))
    with jax.enable_x64(True):
        seen.append(js.digest(process))
    assert len(set(seen)) == len(seen)


def test_a_copy_has_the_same_digest():
    process = nested()
    copies = copy.deepcopy(process), pickle.loads(pickle.dumps(process))
    assert {js.digest(p) for p in copies} == {js.digest(process)}
    assert js.digest(ToyNodes(level=1)) == js.digest(ToyNodes(level=jnp.asarray(1.0)))


def test_the_digest_is_the_same_in_every_program():
    code = "from tests.store.examples import *; print(js.digest(big()))"
    root = Path(__file__).parents[2]
    env = os.environ | {"PYTHONHASHSEED": "1", "PYTHONPATH": str(root)}
    start = [sys.executable, "-c", code]
    out = subprocess.run(start, capture_output=True, text=True, env=env)
    assert out.stdout.strip() == js.digest(big()), out.stderr


def test_the_digest_has_not_moved(monkeypatch):
    monkeypatch.setattr(spec, "physics_version", lambda: "0.1.0")
    assert js.digest(nested(), jax.random.key(7), record=("trace",)) == (
        "e12544e160d9e1c2aff4c23daa1d4ebf82e1b01ba605feeeb1230b9e358eb0ce"
    )


@pytest.mark.parametrize("name", ["nested.json", "nested.yaml", "nested.toml"])
def test_golden_documents_still_mean_and_read_the_same(name):
    text = (GOLDEN / name).read_text()
    form = form_of(name)
    process = js.from_spec(loads(text, form))
    assert js.digest(process) == js.digest(nested())
    assert dumps({"format": 1, **js.to_spec(process)}, form) == text


def test_the_golden_document_of_a_network_still_means_the_same():
    text = (GOLDEN / "wendling_network.yaml").read_text()
    network = js.from_spec(loads(text, "yaml"))
    assert js.digest(network) == js.digest(js.Network(model=js.Wendling()))
    assert dumps({"format": 1, **js.to_spec(network)}, "yaml") == text


def test_traced_values_have_no_document():
    with pytest.raises(TypeError, match="^nodes.level is being traced"):
        jax.jit(lambda p: js.digest(p) and 0.0)(plain())


def test_a_document_is_not_made_of_anything(unhooked):
    with pytest.raises(TypeError, match="expected a process"):
        js.to_spec({"kind": "Pipeline"})
