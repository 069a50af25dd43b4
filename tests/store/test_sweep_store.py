"""Sweeps on disk: taken up where they stopped, mixed with no other."""

import numpy as np
import pytest
import xarray as xr

import jaxsim as js
from jaxsim.store.sweeps import SweepStore
from tests.store import faults
from tests.store.examples import camera, plain, same


DESIGN = js.grid({"leak.fraction": [0.1, 0.4, 0.9], "nodes.level": [1.0, 2.0, 3.0]})


def swept(store=None, key=None, process=None, design=DESIGN, block=4, **more):
    import jax

    key = jax.random.key(5) if key is None else key
    return js.sweep(
        process or plain(), design, key, ("activity", "trace"),
        block=block, store=store, progress=False, **more,
    )  # fmt: skip


def test_a_sweep_with_a_store_is_the_sweep_without(tmp_path):
    kept = swept(tmp_path / "s.zarr")
    assert same(kept, swept())
    assert same(js.load(tmp_path / "s.zarr"), kept)


def test_loading_gives_design_process_and_key(tmp_path):
    kept = swept(tmp_path / "s.zarr")
    back = js.load(tmp_path / "s.zarr")
    assert back.design == DESIGN
    assert js.digest(back.process, back.key) == js.digest(kept.process, kept.key)
    xr.testing.assert_equal(back.to_xarray(), kept.to_xarray())
    js.save(back, tmp_path / "saved.zarr")
    tree = xr.open_datatree(tmp_path / "saved.zarr", engine="zarr", consolidated=False)
    xr.testing.assert_equal(tree, kept.to_xarray())


def test_xarray_reads_the_slots_of_a_sweep_by_itself(tmp_path):
    kept = swept(tmp_path / "s.zarr")
    tree = xr.open_datatree(tmp_path / "s.zarr", engine="zarr", consolidated=False)
    assert tree["recording/trace"].trace.dims == ("slot", "time", "region")
    runs = tree["run"].values
    assert runs.tolist() == [*range(9), -1, -1, -1]
    whole = tree["recording/trace"].trace.values[runs >= 0]
    assert np.array_equal(
        whole.reshape(kept["trace"].values.shape), kept["trace"].values
    )
    assert (
        tree["leak.fraction"].values[:9].tolist() == [0.1] * 3 + [0.4] * 3 + [0.9] * 3
    )
    assert tree["recording/trace"].time.values[1] == pytest.approx(0.01)


def test_a_finished_sweep_computes_nothing_again(tmp_path, monkeypatch):
    kept = swept(tmp_path / "s.zarr")

    def never(self, b, recording):
        raise AssertionError("a block was computed again")

    monkeypatch.setattr(SweepStore, "write", never)
    assert same(swept(tmp_path / "s.zarr"), kept)


def test_an_interrupted_sweep_ends_as_an_unbroken_one(tmp_path, monkeypatch):
    write, seen = SweepStore.write, []

    def stop_at_two(self, b, recording):
        if b == 2:
            raise RuntimeError("the power failed")
        write(self, b, recording)

    monkeypatch.setattr(SweepStore, "write", stop_at_two)
    with pytest.raises(RuntimeError, match="the power failed"):
        swept(tmp_path / "s.zarr")
    with pytest.warns(UserWarning, match="1 of 9 runs are not done yet"):
        part = js.load(tmp_path / "s.zarr")
    assert (part.status == 0).sum() == 1 and np.isnan(part["trace"].values[2, 2]).all()

    def counted(self, b, recording):
        seen.append(b)
        write(self, b, recording)

    monkeypatch.setattr(SweepStore, "write", counted)
    assert same(swept(tmp_path / "s.zarr"), swept())
    assert seen == [2]


@pytest.mark.parametrize(
    "other, says",
    [
        ({"block": 3}, "block is 4 there and 3 here"),
        ({"process": js.Pipeline}, "leak.fraction is 0.4 there and 0.41 here"),
        (
            {"design": DESIGN * js.zipped({"nodes.sigma": [0.1]})},
            "design.axes is .* here",
        ),
    ],
)
def test_another_sweep_in_the_folder_is_refused_with_what_differs(
    tmp_path, other, says
):
    swept(tmp_path / "s.zarr")
    if "process" in other:
        other["process"] = js.replace(plain(), {"leak.fraction": 0.41})
    with pytest.raises(
        ValueError, match=f"holds another sweep: .*{says}.*another name"
    ):
        swept(tmp_path / "s.zarr", **other)


def test_another_key_or_record_is_refused(tmp_path, getkey):
    swept(tmp_path / "s.zarr")
    with pytest.raises(
        ValueError, match=r"key.data is \[0, 5\] there and \[0, 0\] here"
    ):
        swept(tmp_path / "s.zarr", key=getkey())
    with pytest.raises(
        ValueError, match="signals.activity is .* there and missing here"
    ):
        js.sweep(
            plain(), DESIGN, js.load(tmp_path / "s.zarr").key, ("trace",),
            block=4, store=tmp_path / "s.zarr", progress=False,
        )  # fmt: skip


def test_a_folder_that_holds_something_else_is_refused(tmp_path):
    js.save(swept(), tmp_path / "r.zarr")
    with pytest.raises(ValueError, match="holds a recording, not a sweep in progress"):
        swept(tmp_path / "r.zarr")
    (tmp_path / "x").mkdir()
    with pytest.raises(ValueError, match="is no zarr store"):
        swept(tmp_path / "x")


def test_a_diverged_run_is_a_result_and_an_error_is_not(tmp_path):
    store = faults.store_of(tmp_path / "s.zarr")
    block = faults.block_of(faults.RUNS[2:4])
    assert not store.done(1)
    store.write(1, block)
    assert block.status.tolist() == [2, 1] and store.done(1)
    for code, done in ((0, False), (3, False), (4, True), (5, True)):
        status = np.asarray([1, code], np.uint8)
        store.write(1, js.Recording(block.series, block.names, status))
        assert store.done(1) is done


def test_a_block_of_zeros_is_not_taken_for_a_lost_one(tmp_path):
    store = faults.store_of(tmp_path / "s.zarr")
    store.write(0, faults.block_of(np.asarray([0, 0])))
    assert store.done(0)
    assert faults.store_of(tmp_path / "s.zarr").done(0)


def test_reading_before_the_end_is_refused(tmp_path):
    store = faults.store_of(tmp_path / "s.zarr")
    with pytest.raises(ValueError, match="7 runs are still pending"):
        store.read()


def test_slots_that_are_no_whole_blocks_are_refused(tmp_path):
    template = faults.block_of(faults.RUNS[:2])
    with pytest.raises(ValueError, match="7 slots are not whole blocks of 2"):
        SweepStore(tmp_path / "s.zarr", {}, ("lfp",), template, 2, np.arange(7))


def test_a_sweep_of_movies_is_kept(tmp_path, getkey):
    design = js.grid({"sensor.offset": [1.0, 2.0, 3.0]})
    key, record = getkey(), ("movie", "vignette")
    more = {"block": 2, "progress": False}
    kept = js.sweep(camera(), design, key, record, store=tmp_path / "m.zarr", **more)
    assert same(js.load(tmp_path / "m.zarr"), kept)


def test_repeats_and_static_paths_are_kept(tmp_path, getkey):
    design = js.grid({"nodes.n_samples": [12], "leak.fraction": [0.1, 0.4]})
    key = getkey()
    kept = swept(tmp_path / "s.zarr", key, design=design, repeats=3, block=2)
    assert same(js.load(tmp_path / "s.zarr"), kept)
    assert js.load(tmp_path / "s.zarr").status.shape == (1, 2, 3)
