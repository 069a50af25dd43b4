"""Other loaders read what we make: torch and grain, streams and chunks."""

import json
import sys

import jax
import numpy as np
import pytest

import jaxsim as js
from tests.data.test_stream import PRIOR_OF_NODES
from tests.toys import ToyLeak, ToyNodes


KEY = jax.random.key(5)
MODALITIES = {"movie": js.Modality(20, 10), "trace": js.Modality(8, 4)}


def made():
    process = js.Pipeline(nodes=ToyNodes(), leak=ToyLeak())
    return js.stream(process, PRIOR_OF_NODES, KEY, batch=4, record=("trace",))


@pytest.fixture(scope="module")
def unbroken():
    stream = made()
    return [np.asarray(next(stream)["trace"].values) for _ in range(6)]


@pytest.fixture(scope="module")
def torch():
    reason = "torch is not installed, and no extra brings it: pip install torch"
    return pytest.importorskip("torch", reason=reason)


@pytest.fixture(scope="module")
def grain():
    reason = "grain is not installed: pip install 'jaxsim-neuro[grain]'"
    return pytest.importorskip("grain", reason=reason)


def test_workers_in_turn_give_the_batches_of_one(unbroken):
    stream = made().skip(1)
    shards = [stream.shard(worker, 2) for worker in range(2)]
    for i, expected in enumerate(unbroken[1:]):
        got = next(shards[i % 2])["trace"].values
        np.testing.assert_array_equal(got, expected)
    assert shards[0].state_dict()["step"] == 7 and stream.step == 1
    with pytest.raises(ValueError, match="worker 2 of 2"):
        stream.shard(2, 2)


def test_training_in_one_program_skips_what_other_workers_take(unbroken):
    shard = made().shard(1, 2)

    def keep(carry, batch):
        return carry, batch["trace"].values

    _, got = shard.scan(keep, None, 3)
    np.testing.assert_allclose(got, unbroken[1::2], rtol=1e-6)
    assert shard.step == 7


@pytest.mark.parametrize(
    "face, what", [("torch", "install torch"), ("grain", r"jaxsim-neuro\[grain\]")]
)
def test_a_face_without_its_package_says_what_to_install(face, what, monkeypatch):
    monkeypatch.setitem(sys.modules, face, None)
    with pytest.raises(ModuleNotFoundError, match=what):
        getattr(made(), face)()


def test_torch_gets_tensors_that_are_the_memory_of_jax(torch, unbroken):
    stream = made()
    loader = torch.utils.data.DataLoader(stream.torch(), batch_size=None)
    for expected, batch in zip(unbroken[:3], loader, strict=False):
        np.testing.assert_array_equal(batch["trace"].numpy(), expected)
    assert set(batch) == {"trace", "nodes.level", "status"}
    from jaxsim.data.torch_face import _tensor

    values = next(stream)["trace"].values
    assert _tensor(torch, values).data_ptr() == values.unsafe_buffer_pointer()


def test_torch_goes_on_by_the_state_of_the_stream(torch, unbroken):
    first, second = made().torch(), made().torch()
    batches = iter(first)
    for _ in range(2):
        next(batches)
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    for expected, batch in zip(unbroken[2:5], second, strict=False):
        np.testing.assert_array_equal(batch["trace"].numpy(), expected)


@pytest.mark.slow
def test_torch_workers_give_the_batches_in_order(torch, unbroken):
    loader = torch.utils.data.DataLoader(
        made().torch(), batch_size=None, num_workers=2, multiprocessing_context="spawn"
    )
    for expected, batch in zip(unbroken, loader, strict=False):
        np.testing.assert_array_equal(batch["trace"].numpy(), expected)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:os.fork")
def test_a_forked_worker_is_refused_before_it_hangs(torch):
    loader = torch.utils.data.DataLoader(
        made().torch(), batch_size=None, num_workers=1, multiprocessing_context="fork"
    )
    with pytest.raises(RuntimeError, match="does not survive a fork"):
        next(iter(loader))


def test_grain_goes_on_where_its_iterator_was(grain, unbroken):
    dataset = made().grain().map(lambda batch: batch["trace"])
    first = iter(dataset)
    for expected in unbroken[:2]:
        np.testing.assert_array_equal(next(first), expected)
    state = json.loads(json.dumps(first.get_state()))
    second = iter(dataset)
    second.set_state(state)
    for expected in unbroken[2:5]:
        np.testing.assert_array_equal(next(second), expected)
        np.testing.assert_array_equal(next(first), expected)


def test_grain_slices_a_stream_among_its_workers(grain, unbroken):
    dataset = made().grain()
    dataset.set_slice(slice(1, None, 2))
    got = iter(dataset)
    for expected in unbroken[1::2]:
        np.testing.assert_array_equal(next(got)["trace"], expected)


def test_grain_takes_chunks_as_they_are(grain, film):
    chunks = js.ChunkDataset(film, MODALITIES, anchor="movie")
    source = grain.MapDataset.source(chunks).shuffle(seed=1).batch(3)
    for got in (next(iter(source.to_iter_dataset())), source[0]):
        for row, index in enumerate(got["meta"]["index"]):
            same(got, row, chunks[int(index)])


def test_torch_takes_chunks_as_they_are(torch, film):
    chunks = js.ChunkDataset(film, MODALITIES, anchor="movie")
    batch = next(iter(torch.utils.data.DataLoader(chunks, batch_size=3)))
    for row in range(3):
        same(batch, row, chunks[row])


def same(batch, row, sample):
    for name in MODALITIES:
        np.testing.assert_array_equal(np.asarray(batch[name][row]), sample[name])
        mask = np.asarray(batch["mask"][name][row])
        np.testing.assert_array_equal(mask, sample["mask"][name])
