"""A mean over frames: the same number and the same slopes, block by block."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxsim as js
from tests.toys import ToyLeak, ToyNodes, ToyRender, ToySensor


FREE = {
    "nodes.level": 1.3,
    "nodes.sigma": 0.3,
    "render.gain": 1.5,
    "sensor.offset": 4.0,
}


def process(n_samples=11):
    return js.Pipeline(
        nodes=ToyNodes(n_samples=n_samples), render=ToyRender(), sensor=ToySensor()
    )


def squares(movie, seen):
    return ((movie - seen) ** 2).mean()


@pytest.fixture
def seen():
    return np.random.default_rng(0).normal(6.0, 2.0, (11, 3, 4))


def held_loss(values, key, seen):
    """The same number out of a whole recording."""
    movie = js.simulate(js.replace(process(), values), key, ("movie",))["movie"].values
    return ((movie - jnp.asarray(seen)) ** 2).mean()


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize("block", [1, 4, 11, 50, None])
def test_value_and_slopes_are_those_of_the_whole_movie(x64, getkey, seen, block, mode):
    key, loss = getkey(), js.frame_loss(squares, seen=seen)
    values = {path: jnp.asarray(v) for path, v in FREE.items()}

    def blocked(values):
        there = js.replace(process(), values)
        return loss.value(there, key, block=block, mode=mode)

    slopes = jax.grad(blocked) if mode == "reverse" else jax.jacfwd(blocked)
    want = jax.value_and_grad(held_loss)(values, key, seen)
    np.testing.assert_allclose(blocked(values), want[0], rtol=1e-12)
    for path, slope in slopes(values).items():
        np.testing.assert_allclose(slope, want[1][path], rtol=1e-10)


def test_only_what_moves_is_differentiated(x64, getkey, seen):
    key, loss = getkey(), js.frame_loss(squares, seen=seen)

    def of_offset(offset):
        return loss.value(js.replace(process(), {"sensor.offset": offset}), key)

    slope = jax.make_jaxpr(jax.grad(of_offset))(jnp.asarray(4.0))
    every = jax.make_jaxpr(
        jax.grad(lambda v: loss.value(js.replace(process(), v), key))
    )({path: jnp.asarray(v) for path, v in FREE.items()})
    assert len(str(slope)) < len(str(every))


def test_memory_of_a_gradient_does_not_grow_with_the_frames(getkey):
    def temporary(n):
        loss = js.frame_loss(lambda movie: (movie**2).mean())
        slope = jax.grad(
            lambda gain: loss.value(
                js.replace(process(n), {"render.gain": gain}), getkey(), block=8
            )
        )
        made = jax.jit(slope).lower(jnp.asarray(2.0)).compile()
        return made.memory_analysis().temp_size_in_bytes

    grown = temporary(4096) - temporary(64)
    movie = 4032 * 3 * 4 * 4  # a derivative of the whole would hold several of these
    assert grown < movie, f"{grown} bytes for 4032 more frames"


@pytest.mark.slow
def test_a_recording_at_hand_gives_the_same_number(getkey, seen):
    key, loss = getkey(), js.frame_loss(squares, seen=seen)
    held = loss(js.simulate(process(), key))
    np.testing.assert_allclose(loss.value(process(), key), held, rtol=1e-5)


@pytest.mark.slow
def test_a_fit_to_frames_finds_what_was_hidden(getkey):
    key, hidden = getkey(), {"render.gain": 3.0, "sensor.offset": 7.0}
    movie = js.simulate(js.replace(process(), hidden), key)["movie"].values
    loss = js.frame_loss(squares, seen=movie)
    for mode in ("forward", "reverse"):
        found = js.fit(process(), loss, list(hidden), key, starts=2, mode=mode)
        for path, value in hidden.items():
            assert js.get(found.best, path) == pytest.approx(value, rel=1e-3)


@pytest.mark.slow
def test_another_function_of_the_same_name_is_another_loss(getkey):
    key = getkey()
    for level in (6.0, 9.0):
        loss = js.frame_loss(lambda movie, to=level: (movie.mean() - to) ** 2)
        found = js.fit(process(), loss, ["sensor.offset"], key, starts=1)
        movie = js.simulate(found.best, key)["movie"].values
        assert movie.mean() == pytest.approx(level, abs=1e-2)


def test_a_run_that_fails_costs_infinitely_much(getkey):
    key, loss = getkey(), js.frame_loss(lambda movie: (movie**2).mean())

    @jax.jit
    def at(level):
        return loss.value(js.replace(process(), {"nodes.level": level}), key)

    assert np.isinf(at(jnp.nan)) and np.isfinite(at(1.0))


@pytest.mark.parametrize(
    "ask, sentence",
    [
        (lambda k: js.frame_loss(3), "takes a function of a frame"),
        (lambda k: js.frame_loss(squares, sen=np.ones(3)), "does not take it"),
        (lambda k: js.frame_loss(squares, seen=3.0), "must be an array"),
        (
            lambda k: js.frame_loss(squares, seen=np.ones((5, 3, 4))).value(
                process(), k
            ),
            "5 frames, but the recording has 11",
        ),
        (
            lambda k: js.frame_loss(lambda movi: movi.mean()).value(process(), k),
            "reads 'movi'.*movie",
        ),
        (
            lambda k: js.frame_loss(lambda movie: movie).value(process(), k),
            "one number for one frame",
        ),
        (
            lambda k: js.frame_loss(lambda trace: trace.mean()).value(
                js.Pipeline(nodes=ToyNodes(), leak=ToyLeak()), k
            ),
            "no frame-wise step",
        ),
    ],
)
def test_mistakes_are_told(getkey, ask, sentence):
    with pytest.raises((ValueError, TypeError), match=sentence):
        ask(getkey())
