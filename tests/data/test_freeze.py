"""A frozen stream: the bits of the stream, on disk, with all that made them."""

import jax
import numpy as np
import pytest

import jaxsim as js
from jaxsim.store import disk
from tests.data.test_stream import PRIOR, PRIOR_OF_NODES, movies, stream
from tests.toys import ToyLeak, ToyNodes


def same_bits(one, other):
    assert one.names == other.names
    for name in one.names:
        np.testing.assert_array_equal(one[name].values, other[name].values)
        assert one[name].values.dtype == other[name].values.dtype
        assert one[name].card == other[name].card
        if one[name].clock is not None:
            starts = one[name].clock.start_s, other[name].clock.start_s
            np.testing.assert_array_equal(*starts)
            assert one[name].clock.rate_hz == other[name].clock.rate_hz
    np.testing.assert_array_equal(one.status, other.status)


def test_a_frozen_stream_has_the_bits_of_its_first_samples(getkey, tmp_path):
    key, told = getkey(), []
    made = stream(key, 4)
    path = made.freeze(10, tmp_path / "test.zarr", progress=lambda *x: told.append(x))
    found = js.load(path)
    assert found["movie"].values.shape[0] == 10 and found.status.shape == (10,)
    same_bits(found, made.take(10))
    assert told == [(4, 10), (8, 10), (10, 10)]
    assert made.step == 0


def test_a_frozen_stream_says_all_that_made_it(getkey, tmp_path):
    key = getkey()
    found = js.load(stream(key, 4).freeze(6, tmp_path / "test.zarr"))
    facts = found.design.document()["stream"]
    assert facts["prior"] == {path: one.document() for path, one in PRIOR.items()}
    assert facts["prior"]["render.gain"]["kind"] == "LogUniform"
    assert js.digest(found.process) == js.digest(movies())
    again = js.stream(
        found.process, PRIOR, found.key, batch=facts["batch"], record=facts["record"]
    )
    same_bits(found, again.take(6))


def test_windows_are_frozen_with_the_times_at_which_they_begin(getkey, tmp_path):
    process = js.Pipeline(nodes=ToyNodes(n_samples=100), leak=ToyLeak())
    cut = js.stream(process, PRIOR_OF_NODES, getkey(), batch=6, windows=(3, 0.2))
    found = js.load(cut.freeze(9, tmp_path / "windows.zarr"))
    assert len(np.unique(found["trace"].clock.start_s)) > 2
    same_bits(found, cut.take(9))


def test_a_frozen_stream_opens_with_xarray(getkey, tmp_path):
    import xarray

    made = stream(getkey(), 4)
    path = made.freeze(5, tmp_path / "test.zarr")
    tree = xarray.open_datatree(path, engine="zarr", consolidated=False)
    movie = tree["recording/movie"].movie
    assert movie.dims == ("sample", "frame", "height", "width")
    np.testing.assert_array_equal(movie, made.take(5)["movie"].values)
    assert movie.attrs["units"] == "1"


def test_a_taken_name_is_refused_before_anything_is_made(getkey, tmp_path):
    made = stream(getkey(), 4)
    path = made.freeze(2, tmp_path / "test.zarr")
    with pytest.raises(FileExistsError, match="exists already"):
        made.freeze(3, path)
    assert len(js.load(made.freeze(3, path, overwrite=True)).status) == 3
    with pytest.raises(ValueError, match=r"call it test\.zarr"):
        made.freeze(2, tmp_path / "test.npz")
    with pytest.raises(ValueError, match="one sample or more"):
        made.freeze(0, tmp_path / "none.zarr")


class Killed(BaseException):
    """The program is stopped."""


def test_a_program_stopped_half_way_leaves_nothing(getkey, tmp_path, monkeypatch):
    made, path = stream(getkey(), 4), tmp_path / "test.zarr"
    acts = []
    monkeypatch.setattr(disk, "op", acts.append)
    made.freeze(6, path)
    taken = js.load(path)
    for at in range(5, len(acts) - 4, 40):
        left = iter(range(at))

        def stop(what, left=left):
            if next(left, None) is None:
                raise Killed(what)

        monkeypatch.setattr(disk, "op", stop)
        with pytest.raises(Killed):
            made.freeze(6, tmp_path / "other.zarr")
        with pytest.raises(Killed):
            left = iter(range(at))
            made.freeze(6, path, overwrite=True)
        monkeypatch.setattr(disk, "op", lambda what: None)
        assert not (tmp_path / "other.zarr").exists()
        same_bits(js.load(path), taken)


def test_statistics_of_a_frozen_stream_follow_its_parameters(getkey, tmp_path):
    """Mean E[level], variance of all samples sigma^2 + Var(level), in closed form."""
    nodes = ToyNodes(n_samples=12, sigma=0.3)
    prior = {"level": js.uniform(0.5, 2.0)}
    made = js.stream(nodes, prior, getkey(), batch=1000, record=("activity",))
    found = js.load(made.freeze(3000, tmp_path / "test.zarr"))
    values = np.asarray(found["activity"].values, float)
    variance = 1.5**2 / 12
    assert abs(values.mean() - 1.25) < 4 * np.sqrt(variance / 3000)
    spread = values.mean((1, 2)).var()
    assert spread == pytest.approx(variance + 0.3**2 / 24, rel=0.08)
    assert values.var((1, 2), ddof=1).mean() == pytest.approx(0.09, rel=0.03)
    residual = values - np.asarray(found["level"].values)[:, None, None]
    assert residual.std() == pytest.approx(0.3, rel=0.02)
    assert found.ok and jax.tree.leaves(found)
