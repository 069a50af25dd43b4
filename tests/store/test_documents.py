"""Text forms of a document: JSON, YAML and TOML say the same."""

import math

import pytest
from hypothesis import example, given, settings, strategies as st

from jaxsim.store.documents import dumps, form_of, loads, read_text


FORMS = ("json", "yaml", "toml")
words = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=12)
numbers = st.integers(-(2**53), 2**53) | st.floats(
    allow_nan=False, allow_infinity=False
)
values = st.recursive(
    words | numbers | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4)
    ),
    max_leaves=12,
)
documents = st.dictionaries(words, values, max_size=5)


@pytest.mark.parametrize("form", FORMS)
@given(document=documents)
@example(document={"": ["?;"], "?a": "?0"})
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_read_back(form, document):
    assert loads(dumps(document, form), form) == document


@pytest.mark.parametrize("form", FORMS)
@given(number=st.floats(width=32, allow_nan=False, allow_infinity=False))
@settings(max_examples=60, deadline=None)
def test_a_float_keeps_every_bit(form, number):
    back = loads(dumps({"x": [number]}, form), form)["x"][0]
    assert type(back) is float
    assert back == number and math.copysign(1, back) == math.copysign(1, number)


def test_toml_is_laid_out_for_people():
    document = {
        "kind": "Pipeline",
        "steps": [{"name": "a", "drive": {"kind": "Sine", "f_hz": 7.0}, "n": 3}],
    }
    assert dumps(document, "toml") == (
        'kind = "Pipeline"\n\n[[steps]]\nname = "a"\nn = 3\n\n'
        '[steps.drive]\nkind = "Sine"\nf_hz = 7.0\n'
    )


def test_json_keeps_rows_of_numbers_on_a_line():
    text = dumps({"weights": [[0.0, 1.0], [1.0, 0.0]]}, "json")
    assert "[0.0, 1.0],\n" in text


def test_none_is_written_where_there_is_a_word_for_it():
    assert loads(dumps({"a": None}, "json"), "json") == {"a": None}
    assert loads(dumps({"a": None}, "yaml"), "yaml") == {"a": None}
    with pytest.raises(ValueError, match="drive.noise is None, for which TOML has no"):
        dumps({"drive": {"noise": None}}, "toml")


@pytest.mark.parametrize(
    "form, text, says",
    [
        ("json", '{"a": 1, "a": 2}', "'a' stands twice"),
        ("yaml", "a: 1\na: 2\n", "not YAML: .*duplicate key"),
        ("toml", "a = 1\na = 2\n", "not TOML"),
        ("json", "{", "not JSON: .*line 1 column 2"),
        ("yaml", "a: [1, 2", r"not YAML: .*\(line 1"),
        ("yaml", "a: 2020-01-01", "a: 2020-01-01 is read as a date; put quotes"),
        ("yaml", "1: b", "the key 1 is no word"),
        ("yaml", "a: !!python/object/apply:os.system [echo]", "not YAML"),
        ("yaml", "&a {b: *a}", "too deep"),
        ("json", "[" * 50_000, "too deep|not JSON"),
        ("xml", "<a/>", "unknown form 'xml'; documents are json, yaml or toml"),
    ],
)
def test_what_is_no_document_is_refused(form, text, says):
    with pytest.raises(ValueError, match=says):
        loads(text, form)


def test_an_alias_bomb_is_refused():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    with pytest.raises(ValueError, match="too deep"):
        loads("\n".join(lines), "yaml")


def test_yaml_reads_numbers_as_people_mean_them():
    text = "a: 1e-3\nb: no\nc: 012\nd: 1_000\n"
    assert loads(text, "yaml")["a"] == 0.001
    assert loads(text, "yaml")["b"] == "no"


@pytest.mark.parametrize(
    "name, content, says",
    [
        ("a.yaml", b"\xff\xfe", "a.yaml: not text in UTF-8"),
        ("a.json", b"{", "a.json: not JSON"),
        ("a.xml", b"", "a process file ends in .json, .yaml, .yml, .toml"),
    ],
)
def test_an_unreadable_file_is_named(tmp_path, name, content, says):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError, match=says):
        read_text(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="none.yaml: there is no such file"):
        read_text(tmp_path / "none.yaml")


def test_the_suffix_says_the_form():
    assert [form_of(f"a{s}") for s in (".JSON", ".yml", ".toml", ".zarr", "")] == [
        "json", "yaml", "toml", None, None,
    ]  # fmt: skip
