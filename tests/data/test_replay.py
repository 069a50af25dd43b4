"""Replay: batches of new and earlier samples, all functions of the key and the step."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.data.test_stream import stream
from tests.study.counting import compiled


KEPT, SHARE = 8, 0.25  # of a batch of 8: two are new


@pytest.fixture(scope="module")
def seen():
    """Eight batches without a break, and the samples that they are made of."""
    replayed = mixed(jax.random.key(7))
    plain = stream(jax.random.key(7), 2, record=("activity",)).take(KEPT + 16)
    return [next(replayed) for _ in range(8)], np.asarray(plain["activity"].values)


def mixed(key, **more):
    more = {"record": ("activity",), "replay": (KEPT, SHARE), **more}
    return stream(key, 8, **more)


def numbers(batch, samples):
    """Which sample is in each place of a batch."""
    same = np.asarray(batch["activity"].values)[:, None] == samples[None]
    found = same.all((2, 3))
    assert (found.sum(1) == 1).all()
    return found.argmax(1)


def test_a_batch_has_new_samples_and_some_of_the_last_kept(seen):
    batches, samples = seen
    drawn = set()
    for step, batch in enumerate(batches):
        found = numbers(batch, samples)
        first = KEPT + 2 * step
        np.testing.assert_array_equal(found[:2], [first, first + 1])
        assert (found[2:] < first).all() and (found[2:] >= first - KEPT).all()
        drawn |= set(found[2:] - first)
    assert drawn == set(range(-KEPT, 0))  # every age is drawn


def test_labels_stay_with_their_samples(seen):
    batches, _ = seen
    for batch in batches:
        levels = np.asarray(batch["nodes.level"].values)
        means = np.asarray(batch["activity"].values).mean((1, 2))
        assert np.abs(means - levels).max() < 0.1


def test_a_stop_changes_no_bit_though_nothing_was_kept(seen):
    batches, _ = seen
    for step in (1, 5):
        again = mixed(jax.random.key(7))
        again.load_state_dict({**again.state_dict(), "step": step})
        for batch in batches[step : step + 2]:
            got = next(again)
            for name in batch.names:
                np.testing.assert_array_equal(got[name].values, batch[name].values)
    np.testing.assert_array_equal(
        mixed(jax.random.key(7)).at(6)["activity"].values,
        batches[6]["activity"].values,
    )


def test_nothing_compiles_later_and_no_value_is_waited_for(getkey):
    batches = mixed(getkey())
    next(batches)

    def go_on():
        with jax.transfer_guard("disallow"):
            return [next(batches) for _ in range(3)]

    programs, _ = compiled(go_on)
    assert not programs


def test_training_inside_one_program_sees_the_same_mixture(seen):
    batches, _ = seen
    fused = mixed(jax.random.key(7))

    def update(total, batch):
        values = batch["activity"].values
        return total + values.sum(), values

    total, first = fused.scan(update, jnp.zeros(()), 3)
    total, rest = fused.scan(update, total, 3)
    expected = np.stack([b["activity"].values for b in batches[:6]])
    np.testing.assert_allclose(np.concatenate([first, rest]), expected, rtol=1e-6)
    after = next(fused)["activity"].values
    np.testing.assert_allclose(after, batches[6]["activity"].values, rtol=1e-6)


@pytest.mark.parametrize(
    "replay, sentence",
    [
        ((8, 0.3), "a whole number of samples"),
        ((8, 1.0), "between 0 and 1"),
        ((9, 0.25), "multiple of the 2 that are new"),
        ((0, 0.25), "multiple of the 2 that are new"),
    ],
)
def test_mixtures_that_cannot_be_are_refused(getkey, replay, sentence):
    with pytest.raises(ValueError, match=sentence):
        mixed(getkey(), replay=replay)


def test_replay_has_one_reader_and_a_state_of_its_own(getkey):
    key = getkey()
    with pytest.raises(ValueError, match="has one reader"):
        mixed(key).shard(0, 2)
    with pytest.raises(ValueError, match="replay = None, but this one has replay"):
        mixed(key).load_state_dict(stream(key, 8).state_dict())
