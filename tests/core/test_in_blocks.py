"""Recordings made a few frames at a time: the same numbers, in order, each once."""

import numpy as np
import pytest

import jaxsim as js
from tests.toys import ToyNodes, ToyRender, ToySensor


def process():
    return js.Pipeline(
        nodes=ToyNodes(n_samples=11), render=ToyRender(), sensor=ToySensor()
    )


@pytest.mark.parametrize("block", [1, 4, 11, 50])
def test_a_loop_gives_every_frame_once_and_in_order(getkey, block):
    key, next_frame, movie = getkey(), 0, []
    held = js.simulate(process(), key)
    for first, frames in js.in_blocks(process(), key, block=block, progress=False):
        values = frames["movie"].values
        assert first == next_frame and isinstance(values, np.ndarray)
        begins = held["movie"].clock.times(11)[first]
        assert frames["movie"].clock.times(1)[0] == pytest.approx(begins, abs=1e-6)
        assert frames.ok
        next_frame += len(values)
        movie.append(values)
    np.testing.assert_array_equal(np.concatenate(movie), held["movie"].values)


def test_what_does_not_come_frame_by_frame_is_there_at_once(getkey):
    key = getkey()
    blocks = js.in_blocks(process(), key, ("movie", "activity"), progress=False)
    assert blocks.whole.names == ("activity",) and blocks.framewise == ("movie",)
    held = js.simulate(process(), key)["activity"].values
    np.testing.assert_array_equal(blocks.whole["activity"].values, held)


def test_a_second_loop_makes_the_same_numbers(getkey):
    blocks = js.in_blocks(process(), getkey(), ("movie",), block=3, progress=False)
    one, two = ([f["movie"].values for _, f in blocks] for _ in range(2))
    np.testing.assert_array_equal(np.concatenate(one), np.concatenate(two))


def test_progress_is_told_in_frames(getkey):
    told = []
    blocks = js.in_blocks(
        process(), getkey(), block=4, progress=lambda *a: told.append(a)
    )
    for _ in blocks:
        pass
    assert told == [(4, 11), (8, 11), (11, 11)]


def test_a_process_without_frames_is_refused(getkey):
    with pytest.raises(ValueError, match="nothing recorded"):
        js.in_blocks(ToyNodes(), getkey())


def test_flags_of_the_caller_hold_in_the_loop(x64, getkey):
    blocks = js.in_blocks(process(), getkey(), ("render.movie",), block=4)
    assert all(f["render.movie"].values.dtype == np.float64 for _, f in blocks)


def test_a_movie_streamed_to_disk_is_the_one_that_is_held(getkey, tmp_path):
    key, record = getkey(), ("movie", "activity", "render.movie")
    held = js.simulate(process(), key, record)
    blocks = js.in_blocks(process(), key, record, block=4, progress=False)
    js.save(blocks, tmp_path / "movie.zarr")
    js.save(held, tmp_path / "held.zarr")
    loaded, other = (js.load(tmp_path / f"{n}.zarr") for n in ("movie", "held"))
    assert loaded.names == record and loaded.ok
    assert js.digest(loaded.process) == js.digest(process())
    for name in record:
        np.testing.assert_array_equal(loaded[name].values, held[name].values)
        assert loaded[name].clock.times(1) == other[name].clock.times(1)
        assert loaded[name].card == other[name].card


def test_a_movie_streamed_to_disk_keeps_its_trials(getkey, tmp_path):
    blocks = js.in_blocks(process(), getkey(), block=4, progress=False)
    told = blocks.with_trials([{"start_s": 0.0, "tier": "train"}])
    js.save(told, tmp_path / "movie.zarr")
    trials = js.load(tmp_path / "movie.zarr").trials
    assert trials == told.whole.trials and trials.columns == {"tier": ["train"]}
    assert blocks.whole.trials is None


def test_a_stream_that_fails_leaves_nothing(getkey, tmp_path, monkeypatch):
    from jaxsim.store import streams

    def full(self, values):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(streams.Rows, "add", full)
    blocks = js.in_blocks(process(), getkey(), ("movie",), block=4, progress=False)
    with pytest.raises(OSError, match="disk is full"):
        js.save(blocks, tmp_path / "movie.zarr")
    assert not list(tmp_path.iterdir())
