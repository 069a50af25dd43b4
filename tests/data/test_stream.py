"""Streams: sample n is a function of the key and n, and of nothing else."""

import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxsim as js
from tests.study.counting import compiled
from tests.toys import ToyLeak, ToyNodes, ToyRender, ToySensor


PRIOR = {"nodes.level": js.uniform(0.5, 2.0), "render.gain": js.log_uniform(1.0, 5.0)}


def movies(n_samples=12):
    return js.Pipeline(
        nodes=ToyNodes(n_samples=n_samples), render=ToyRender(), sensor=ToySensor()
    )


def stream(key, batch=4, **more):
    more = {"record": ("movie", "activity"), "prior": PRIOR, **more}
    return js.stream(movies(), key=key, batch=batch, **more)


def joined(batches, name="movie"):
    return np.concatenate([np.asarray(b[name].values) for b in batches])


def test_a_sample_does_not_depend_on_the_size_of_its_batch(getkey):
    key = getkey()
    by_four, by_six = stream(key, 4), stream(key, 6)
    fours = [next(by_four) for _ in range(3)]
    sixes = [next(by_six) for _ in range(2)]
    for name in ("movie", "nodes.level"):
        np.testing.assert_array_equal(joined(fours, name), joined(sixes, name))


def test_sample_n_is_the_run_of_its_values_with_its_key(getkey):
    key = getkey()
    batch = next(stream(key))
    values = {path: batch[path].values[2] for path in PRIOR}
    alone = js.simulate(js.replace(movies(), values), jax.random.fold_in(key, 2))
    movie = batch["movie"].values[2]
    np.testing.assert_allclose(movie, alone["movie"].values, rtol=1e-5)


def test_a_stream_goes_on_where_another_stopped_bit_by_bit(getkey):
    key = getkey()
    whole, first, second = stream(key), stream(key), stream(key)
    unbroken = [next(whole) for _ in range(5)]
    broken = [next(first) for _ in range(2)]
    state = first.state_dict()
    second.load_state_dict(state)
    broken += [next(second) for _ in range(3)]
    np.testing.assert_array_equal(joined(unbroken), joined(broken))
    assert all(isinstance(v, (int, list)) for v in state.values())
    np.testing.assert_array_equal(
        stream(key).skip(4).at(4)["movie"].values, unbroken[4]["movie"].values
    )


def test_a_state_of_another_stream_is_refused(getkey):
    state = stream(getkey(), 4).state_dict()
    with pytest.raises(ValueError, match="key"):
        stream(getkey(), 4).load_state_dict(state)
    with pytest.raises(ValueError, match="batch = 4, but this one has batch = 8"):
        one = getkey()
        stream(one, 8).load_state_dict(stream(one, 4).state_dict())


def test_nothing_compiles_after_the_first_batch_and_no_value_is_waited_for(getkey):
    batches = stream(getkey())
    next(batches)

    def go_on():
        with jax.transfer_guard("disallow"):
            return [next(batches) for _ in range(3)]

    programs, _ = compiled(go_on)
    assert not programs


def test_a_batch_is_handed_out_before_it_is_made(getkey):
    """What makes it takes seconds; asking for it does not."""
    process = js.Pipeline(nodes=ToyNodes(n_samples=3_000_000), leak=ToyLeak())
    slow = js.stream(process, PRIOR_OF_NODES, getkey(), batch=2, record=("trace",))
    jax.block_until_ready(slow.at(0))
    began = time.perf_counter()
    made = slow.at(1)
    asked = time.perf_counter() - began
    jax.block_until_ready(made)
    assert asked < 0.5 * (time.perf_counter() - began)


def test_values_follow_their_prior(getkey):
    values = next(stream(getkey(), 4000, record=("activity",)))
    level, gain = (np.asarray(values[path].values) for path in PRIOR)
    assert level.min() >= 0.5 and level.max() <= 2.0
    for path in PRIOR:  # labels carry the unit of what they are
        assert values[path].card.unit == js.core.declared.card(movies(), path).unit
    assert abs(level.mean() - 1.25) < 4 * level.std() / np.sqrt(4000)
    logs = np.log(gain)
    assert abs(logs.mean() - np.log(5) / 2) < 4 * logs.std() / np.sqrt(4000)
    assert abs(np.corrcoef(level, gain)[0, 1]) < 4 / np.sqrt(4000)


def test_adding_a_path_leaves_the_values_of_the_others(getkey):
    key, more = getkey(), {**PRIOR, "sensor.offset": js.choice([1.0, 3.0, 8.0])}
    one, other = next(stream(key)), next(stream(key, prior=more))
    for path in PRIOR:
        np.testing.assert_array_equal(one[path].values, other[path].values)
    assert set(np.asarray(other["sensor.offset"].values)) <= {1.0, 3.0, 8.0}


def test_a_curriculum_moves_by_the_number_of_the_sample(getkey):
    key = getkey()
    hard = js.curriculum(js.uniform(0.0, 1.0), js.uniform(4.0, 5.0), 1000)
    batches = stream(key, 500, prior={"nodes.level": hard}, record=("activity",))
    means = [float(np.mean(next(batches)["nodes.level"].values)) for _ in range(4)]
    np.testing.assert_allclose(means, [1.5, 3.5, 4.5, 4.5], atol=0.1)


def test_values_stay_inside_the_bounds_of_their_cards(getkey):
    prior = {"sensor.offset": js.normal(1.0, 5.0)}  # may not be negative
    found = next(stream(getkey(), 300, prior=prior, record=("activity",)))
    assert float(found["sensor.offset"].values.min()) == 0.0


def test_training_inside_one_program_sees_the_same_batches(getkey):
    key, loop, fused = getkey(), stream(getkey()), None
    loop, fused = stream(key), stream(key)
    means = [float(jnp.mean(next(loop)["movie"].values)) for _ in range(6)]

    def update(total, batch):
        mean = batch["movie"].values.mean()
        return total + mean, mean

    total, first = fused.scan(update, jnp.zeros(()), 2)
    total, rest = fused.scan(update, total, 4)
    np.testing.assert_allclose(np.concatenate([first, rest]), means, rtol=1e-6)
    np.testing.assert_allclose(total, sum(means), rtol=1e-6)
    assert fused.step == loop.step


def test_gradients_flow_from_samples_to_what_made_them(getkey):
    key = getkey()

    def brightness(offset):
        process = js.replace(movies(), {"sensor.offset": offset})
        batch = js.stream(process, PRIOR, key, batch=3, record=("movie",)).at(0)
        return batch["movie"].values.mean()

    assert float(jax.grad(brightness)(jnp.asarray(5.0))) == pytest.approx(1.0, rel=1e-4)


class Fragile(js.AbstractStep):
    """Breaks on half of its draws. **Needs:** `activity`. **Makes:** `broken`."""

    makes = {"broken": js.Signal("time node", "1", "not always finite")}

    def __call__(self, activity, key):
        bad = jax.random.uniform(key) < 0.5
        return {"broken": jnp.where(bad, jnp.nan, activity.values)}


def fragile(key, policy, prior=PRIOR["nodes.level"]):
    process = js.Pipeline(nodes=ToyNodes(), fragile=Fragile())
    return js.stream(
        process, {"nodes.level": prior}, key, batch=64, non_finite=policy,
        record=("broken",),
    )  # fmt: skip


def test_runs_that_break_are_masked_drawn_anew_or_told(getkey):
    key = getkey()
    masked, anew = next(fragile(key, "mask")), next(fragile(key, "resample"))
    bad = np.asarray(masked.status) == 2
    assert 10 < bad.sum() < 54
    finite = np.isfinite(np.asarray(masked["broken"].values)).all((1, 2))
    np.testing.assert_array_equal(finite, ~bad)
    again = np.asarray(anew["broken"].values)
    assert np.isfinite(again).all((1, 2)).mean() > 0.95  # 8 tries
    np.testing.assert_array_equal(again[~bad], masked["broken"].values[~bad])
    with pytest.raises(FloatingPointError, match="sample .* nodes.level = "):
        next(fragile(key, "raise"))


def test_windows_are_pieces_of_one_run(getkey):
    key = getkey()
    process = js.Pipeline(nodes=ToyNodes(n_samples=100), leak=ToyLeak())
    asked = {"batch": 6, "record": ("activity", "trace")}
    long = next(js.stream(process, PRIOR_OF_NODES, key, **{**asked, "batch": 2}))
    cut = next(js.stream(process, PRIOR_OF_NODES, key, windows=(3, 0.2), **asked))
    assert cut["trace"].values.shape == (6, 20, 2)
    starts = np.asarray(cut["trace"].clock.start_s)
    assert len(np.unique(starts)) > 1
    for i, start in enumerate(starts):
        at = round(float(start) * 100)
        for name in ("activity", "trace"):
            whole = np.asarray(long[name].values)[i // 3]
            np.testing.assert_array_equal(cut[name].values[i], whole[at : at + 20])
    np.testing.assert_array_equal(
        cut["nodes.level"].values, np.repeat(long["nodes.level"].values, 3)
    )


PRIOR_OF_NODES = {"nodes.level": js.uniform(0.5, 2.0)}


@pytest.mark.parametrize(
    "more, sentence",
    [
        ({"prior": {"nodes.n_samples": js.uniform(3, 9)}}, "is static"),
        ({"prior": {"nodes.levl": js.uniform(0, 1)}}, "Did you mean 'level'"),
        ({"prior": {"nodes.level": 3.0}}, "a prior is js.uniform"),
        ({"prior": {"sensor.offset": js.uniform(-9, -1)}}, "outside"),
        ({"record": ("movi",)}, "cannot record 'movi'"),
        ({"batch": 0}, "at least 1"),
        ({"non_finite": "ignore"}, "is not one of mask"),
        ({"windows": (3, 0.01)}, "not a multiple of the 3"),
        ({"windows": (2, 9.0)}, "is longer than"),
        ({"windows": (2, float("nan"))}, "must be a pair of finite numbers"),
        ({"replay": (8, float("nan"))}, "must be a pair of finite numbers"),
        ({"devices": []}, "must be one or more of jax.devices"),
        ({"devices": "cpu"}, "must be one or more of jax.devices"),
    ],
)
def test_mistakes_are_told_before_anything_runs(getkey, more, sentence):
    with pytest.raises((ValueError, TypeError), match=sentence):
        stream(getkey(), **more)


@pytest.mark.parametrize("wrong", [1.5, "2", None, True, float("nan")])
def test_a_damaged_state_is_told_and_moves_nothing(getkey, wrong):
    made = stream(getkey())
    with pytest.raises(TypeError, match=f"step .* = {wrong!r} must be a whole number"):
        made.load_state_dict(made.state_dict() | {"step": wrong})
    assert made.step == 0


def test_no_batch_lies_before_the_first(getkey):
    made = stream(getkey())
    with pytest.raises(ValueError, match="step = -3 is before the first batch"):
        made.load_state_dict(made.state_dict() | {"step": -3})
    with pytest.raises(ValueError, match="step = -1 is before the first batch"):
        made.skip(-1)
    with pytest.raises(ValueError, match="n = 0: ask for one sample or more"):
        made.take(0)
    assert made.step == 0


def test_an_update_that_returns_no_pair_is_told(getkey):
    with pytest.raises(TypeError, match="must return a pair"):
        stream(getkey(), 2).scan(lambda carry, batch: carry + 1.0, 0.0, 2)
