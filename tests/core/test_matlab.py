"""MATLAB files: the same numbers as scipy reads, and a sentence for every damage."""

import io

import numpy as np
import pytest
import scipy.io
import scipy.sparse

from jaxsim.core.matlab import parse_mat


ARRAYS = {
    "double": np.linspace(-1, 1, 20).reshape(4, 5),
    "single": np.arange(9, dtype=np.float32).reshape(3, 3),
    "whole": np.arange(6, dtype=np.int32).reshape(2, 3),
    "small": np.arange(6, dtype=np.uint8).reshape(2, 3),
    "true": np.eye(3) > 0,
    "cube": np.arange(24.0).reshape(2, 3, 4),
    "empty": np.zeros((0, 3)),
    "sparse": scipy.sparse.csc_matrix(np.eye(4, 5)[::-1]),
    "no_entries": scipy.sparse.csc_matrix((4, 4)),
}
WORDS = {
    "text": np.array(["lA", "rBB", "é"]),
    "cell": np.array(["lA", "rBBB"], object),
}
OTHERS = {"struct": {"x": 1}, "complex": 1j * np.ones((2, 2))}


def saved(arrays, **how):
    stream = io.BytesIO()
    scipy.io.savemat(stream, arrays, **how)
    return stream.getvalue()


def dense(array):
    return array.toarray() if hasattr(array, "toarray") else array


@pytest.mark.parametrize("squeezed", [False, True])
def test_arrays_are_read_as_they_were_saved(squeezed):
    content = saved({**ARRAYS, **WORDS, **OTHERS}, do_compression=squeezed)
    found = parse_mat(content, 1 << 20)
    assert set(found) == {*ARRAYS, *WORDS}
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], dense(array))
        assert found[name].shape == dense(array).shape
    assert found["text"].tolist() == ["lA", "rBB", "é"]
    assert found["cell"].tolist() == ["lA", "rBBB"]


def test_level_4_is_read_too():
    kept = {name: ARRAYS[name] for name in ("double", "single", "sparse")}
    found = parse_mat(saved(kept, format="4"), 1 << 20)
    for name, array in kept.items():
        np.testing.assert_array_equal(found[name], dense(array))


@pytest.mark.parametrize("how", [{}, {"do_compression": True}, {"format": "4"}])
def test_any_damage_ends_in_a_sentence(how):
    kept = {name: ARRAYS[name] for name in ("double", "sparse")}
    content = saved(kept if how.get("format") else {**kept, **WORDS, **OTHERS}, **how)
    for at in range(0, len(content), 3):
        for flip in (0x01, 0x80, 0xFF):
            bad = content[:at] + bytes([content[at] ^ flip]) + content[at + 1 :]
            for damaged in (bad, content[:at]):
                try:
                    parse_mat(damaged, 1 << 20)
                except ValueError as error:
                    assert str(error)  # noqa: PT017


def test_a_sparse_array_that_would_fill_the_memory_is_refused():
    wide = scipy.sparse.csc_matrix((1_000_000, 1_000_000))
    with pytest.raises(ValueError, match="too large"):
        parse_mat(saved({"a": wide}), 1 << 30)
