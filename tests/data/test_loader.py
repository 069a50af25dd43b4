"""Batches: the same whatever the threads and the stops; finished on the device."""

import itertools
import json

import jax
import numpy as np
import pytest

import jaxsim as js
from jaxsim.data.transforms import CenterCrop, Resize
from tests.data import folders


CUT = {
    "screen": js.Modality(30, 12, normalize="zscore"),
    "responses": js.Modality(8, 4, normalize="scale"),
}


@pytest.fixture
def chunks(made):
    return js.ChunkDataset(made, CUT, where={"tier": "train"}, stride=4, seed=3)


def forever(batches):
    while True:
        yield from batches


def seen(batches, n):
    found = itertools.islice(forever(batches), n)
    return [(b["meta"]["index"].tolist(), np.asarray(b["screen"])) for b in found]


def same(one, other):
    assert len(one) == len(other)
    for (i, x), (j, y) in zip(one, other, strict=True):
        assert i == j and (x == y).all()


@pytest.mark.parametrize(("before", "after"), [(0, 4), (1, 0), (4, 1)])
def test_to_stop_and_go_on_changes_nothing_whatever_the_threads(chunks, before, after):
    whole = seen(chunks.batches(2, workers=2), 100)  # an epoch has 89
    first = chunks.batches(2, workers=before)
    begun = seen(first, 37)
    state = json.dumps(first.state_dict())
    assert len(state) < 1000
    second = chunks.batches(2, workers=after, prefetch=5)
    second.load_state_dict(json.loads(state))
    same(whole, begun + seen(second, 63))


def test_an_epoch_has_every_chunk_once_and_the_next_another_order(chunks):
    batches = chunks.batches(2)
    n = len(batches)
    one, two = ([batches.indices(e, p) for p in range(n)] for e in (0, 1))
    for epoch in (one, two):
        assert len(np.unique(np.concatenate(epoch))) == 2 * n > len(chunks) - 2
    assert not np.array_equal(one, two)


def test_the_device_finishes_what_the_host_does(made):
    small = (Resize((4, 5), "linear"), CenterCrop((3, 4)))
    cut = {
        "screen": js.Modality(30, 12, normalize="zscore", transform=small),
        "responses": js.Modality(8, 4, normalize="scale"),
        "eye_tracker": js.Modality(20, 6, transform=lambda x: x[:, :2]),
    }
    chunks = js.ChunkDataset(made, cut)
    batches = chunks.batches(4, shuffle=False)
    assert batches.read(0, 0)["screen"].dtype == np.uint8
    batch = next(iter(batches))
    assert isinstance(batch["screen"], jax.Array)
    assert batch["screen"].shape == (4, 12, 3, 4)
    for row in range(4):
        one = chunks[row]
        for name in cut:
            there = np.asarray(batch[name][row])
            assert there == pytest.approx(one[name], rel=1e-5, abs=1e-5)
            assert there.dtype == one[name].dtype
            assert (np.asarray(batch["mask"][name][row]) == one["mask"][name]).all()


def test_it_compiles_once_per_shape(chunks):
    batches = chunks.batches(4)
    found = list(itertools.islice(batches, 5))
    assert len(found) == 5 and batches._program(chunks, True)._cache_size() == 1


@pytest.fixture
def three(tmp_path):
    paths = [
        folders.folder(tmp_path / f"s{i}", seconds, key=f"s{i}")
        for i, seconds in enumerate((10, 20, 45))
    ]
    return js.ChunkDataset(paths, {"responses": js.Modality(8, 4)})


@pytest.mark.parametrize("mix", ["proportional", "longest", "shortest"])
def test_batches_are_of_one_session_and_mixed_as_asked(three, mix):
    batches = three.batches(10, mix=mix, workers=0)
    counts = np.array([len(s) // 10 for s in three.starts])
    turns = {"proportional": counts, "longest": [counts.max()] * 3}
    expected = turns.get(mix, [counts.min()] * 3)
    found = np.zeros(3, int)
    for position in range(len(batches)):
        sessions = set(three.session_of[batches.indices(0, position)].tolist())
        assert len(sessions) == 1
        found[sessions.pop()] += 1
    assert (found == expected).all()
    if mix != "proportional":  # every session once in each round
        order = [
            three.session_of[batches.indices(0, p)[0]] for p in range(len(batches))
        ]
        assert all(set(order[i : i + 3]) == {0, 1, 2} for i in range(0, len(order), 3))


def test_the_shorter_sessions_go_round_in_whole_passes(three):
    batches = three.batches(10, mix="longest")
    count = len(three.starts[0]) // 10
    mine = [
        batches.indices(epoch, p)
        for epoch in range(2)
        for p in range(len(batches))
        if three.session_of[batches.indices(epoch, p)[0]] == 0
    ]
    for i in range(0, len(mine) - count, count):
        assert len(np.unique(np.concatenate(mine[i : i + count]))) == 10 * count


def test_a_state_of_other_data_is_refused(chunks, made):
    state = chunks.batches(2).state_dict()
    other = js.ChunkDataset(made, CUT, seed=3)
    with pytest.raises(ValueError, match="fingerprint"):
        other.batches(2).load_state_dict(state)
    with pytest.raises(ValueError, match="batch = 2, where these have 4"):
        chunks.batches(4).load_state_dict(state)
    with pytest.raises(ValueError, match=r"batch = 5000 is more than the \d+ chunks"):
        chunks.batches(5000)


def test_resizing_is_that_of_jax(getkey):
    frames = np.asarray(jax.random.uniform(getkey(), (3, 9, 14)), np.float32)
    for size in ((4, 20),):
        ours = Resize(size, "linear")(frames)
        theirs = jax.image.resize(frames, (3, *size), "linear", antialias=True)
        assert ours == pytest.approx(np.asarray(theirs), abs=1e-5)
    halves = Resize((3, 7))(frames)
    means = frames.reshape(3, 3, 3, 7, 2).mean((2, 4))
    assert halves == pytest.approx(means, abs=1e-6)
    colour = np.stack([frames, 2 * frames, 3 * frames], -1)
    assert Resize((3, 7))(colour)[..., 2] == pytest.approx(3 * means, abs=1e-5)
