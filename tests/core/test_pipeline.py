"""Pipelines: wired by name, refused early, keyed by name."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxsim as js
from jaxsim.core import blocks
from tests.toys import ToyLeak, ToyNodes, ToyRender, ToySensor


def movie_process(**steps):
    return js.Pipeline(
        nodes=ToyNodes(), render=ToyRender(), **steps, sensor=ToySensor()
    )


def test_a_missing_need_is_refused_with_the_steps_that_would_make_it():
    with pytest.raises(
        ValueError, match="needs 'activity', which no earlier step makes"
    ):
        js.Pipeline(leak=ToyLeak())
    with pytest.raises(ValueError, match="ToyNodes"):
        js.Pipeline(leak=ToyLeak())


def test_a_step_with_a_dotted_name_is_refused():
    with pytest.raises(ValueError, match="cannot name a step"):
        js.Pipeline(**{"a.b": ToyNodes()})


def test_something_that_is_no_step_is_refused(unhooked):
    with pytest.raises(TypeError, match="not a step"):
        js.Pipeline(nodes=3)


def test_adding_a_step_leaves_all_other_draws_bitwise(getkey):
    key = getkey()
    one = js.simulate(movie_process(), key)
    two = js.simulate(movie_process(leak=ToyLeak()), key)
    np.testing.assert_array_equal(one["movie"].values, two["movie"].values)
    np.testing.assert_array_equal(one["activity"].values, two["activity"].values)


def test_a_bare_step_draws_as_in_a_pipeline_of_its_own_name(getkey):
    key = getkey()
    bare = js.simulate(ToyNodes(), key)
    named = js.simulate(js.Pipeline(toy_nodes=ToyNodes()), key)
    np.testing.assert_array_equal(bare["activity"].values, named["activity"].values)


def test_an_earlier_maker_stays_reachable_by_its_path(getkey):
    key = getkey()
    run = js.simulate(movie_process(), key, ("movie", "render.movie", "sensor.movie"))
    assert not np.array_equal(run["movie"].values, run["render.movie"].values)
    np.testing.assert_array_equal(run["movie"].values, run["sensor.movie"].values)


def test_a_nested_pipeline_opens_its_doors_by_name(getkey):
    inner = js.Pipeline(("activity",), leak=ToyLeak())
    process = js.Pipeline(nodes=ToyNodes(), inner=inner)
    run = js.simulate(process, getkey(), ("trace", "inner.leak.trace"))
    np.testing.assert_array_equal(run["trace"].values, run["inner.leak.trace"].values)
    with pytest.raises(ValueError, match="needs activity from outside"):
        js.simulate(inner, getkey())


def test_an_unknown_signal_is_refused_with_the_nearest(getkey):
    with pytest.raises(ValueError, match="Did you mean 'movie'"):
        js.simulate(movie_process(), getkey(), ("mvie",))


def test_a_key_that_is_a_number_is_refused_with_the_line_to_write(unhooked):
    with pytest.raises(TypeError, match=r"jax\.random\.key\(0\)"):
        js.simulate(ToyNodes(), 3)


def test_check_lists_every_signal_with_its_shape():
    text = repr(js.check(movie_process()))
    assert "time=12 y=3 x=4" in text
    assert "render.movie" in text


@pytest.mark.parametrize("block", [1, 5, 7, 12, 50])
def test_blocked_frames_equal_unblocked_ones(getkey, block):
    key, process = getkey(), movie_process(leak=ToyLeak())
    record = ("movie", "render.movie", "vignette", "trace")
    whole = js.simulate(process, key, record)
    blocked = js.simulate(process, key, record, block=block)
    for name in record:
        np.testing.assert_array_equal(whole[name].values, blocked[name].values)
    assert blocked.ok


def test_a_long_movie_is_made_in_blocks_by_itself(getkey, monkeypatch):
    process, key = movie_process(), getkey()
    at_once = js.simulate(process, key)
    assert isinstance(at_once["movie"].values, jax.Array)
    monkeypatch.setattr(blocks, "HELD_BYTES", 100)
    monkeypatch.setattr(blocks, "BLOCK_PIXELS", 100)
    in_blocks = js.simulate(process, key)
    assert isinstance(in_blocks["movie"].values, np.ndarray)  # it lives on the host
    for name in at_once.names:
        np.testing.assert_array_equal(at_once[name].values, in_blocks[name].values)


def test_a_second_movie_is_neither_compiled_nor_traced_anew(getkey, monkeypatch):
    process = movie_process()
    js.simulate(process, getkey())
    traced = []
    monkeypatch.setattr(js.Pipeline, "__call__", lambda *a, **k: traced.append(1))
    with js.testing.CompilationCount() as count:
        js.simulate(process, getkey())
    assert count.n == 0 and not traced


def test_a_process_without_frames_cannot_be_blocked(getkey):
    with pytest.raises(ValueError, match="Leave block out"):
        js.simulate(ToyNodes(), getkey(), block=4)


def test_a_whole_time_step_after_frames_cannot_be_blocked(getkey):
    class ToyMean(js.AbstractStep):
        """Mean of a movie."""

        makes = {"mean": js.Signal("y x", "1", "mean image")}  # noqa: RUF012

        def __call__(self, movie):
            return {"mean": movie.values.mean(0)}

    process = js.Pipeline(nodes=ToyNodes(), render=ToyRender(), mean=ToyMean())
    assert js.simulate(process, getkey())["mean"].values.shape == (3, 4)
    with pytest.raises(ValueError, match="needs the whole of 'movie'"):
        js.simulate(process, getkey(), block=4)


def test_a_value_that_is_not_finite_marks_the_run(getkey):
    nodes = ToyNodes(level=1.0)
    run = js.simulate(nodes, getkey())
    assert run.ok
    bad = js.Recording(run.series, run.names, jnp.uint8(2))
    assert "diverged" in bad.result


def test_a_recording_too_large_for_memory_is_refused_with_its_size(getkey):
    huge = ToyNodes(n_samples=10**7, weights=np.zeros((100_000, 1), np.float32))
    with pytest.raises(MemoryError, match=r"activity: .* GiB.*record"):
        js.simulate(huge, getkey())
