"""remembered: what was simulated before is found, and only that."""

import os
import sys

import jax
import numpy as np
import pytest

import jaxsim as js
from jaxsim.core import blocks
from jaxsim.store import cache
from jaxsim.store.cache import cache_clear, cache_folder, cache_info, remembered
from tests.store.examples import big, camera, plain, same, small_recording


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("JAXSIM_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def runs(monkeypatch):
    """Counts how often something is really simulated."""
    seen, real = [], cache.simulate

    def counted(*args, **more):
        seen.append(args)
        return real(*args, **more)

    monkeypatch.setattr(cache, "simulate", counted)
    return seen


def test_the_second_call_reads_what_the_first_made(getkey, runs):
    process, key = big(), getkey()
    first = remembered(process, key)
    again = remembered(process, key)
    assert len(runs) == 1
    assert same(first, again) and same(first, js.simulate(process, key))
    assert all(isinstance(s.values, jax.Array) for s in again.series)
    assert js.digest(again.process, again.key) == js.digest(process, key)


def test_whatever_could_change_the_result_is_another_entry(getkey, monkeypatch):
    process, key, runs = camera(), getkey(), []

    def stub(process, key, record, *, block):
        runs.append(key)
        return small_recording().made_by(process, key)

    monkeypatch.setattr(cache, "simulate", stub)
    calls = [
        lambda: remembered(process, key),
        lambda: remembered(process, getkey()),
        lambda: remembered(process, key, ("movie",)),
        lambda: remembered(process, key, ("movie", "activity")),
        lambda: remembered(process, key, block=4),
        lambda: remembered(js.replace(process, {"nodes.level": 1.1}), key),
        lambda: remembered(js.replace(process, {"nodes.n_samples": 8}), key),
    ]
    for call in calls:
        call()
    with jax.enable_x64(True):
        remembered(process, key)
    for name in ("_house_code", "_own_code"):
        with monkeypatch.context() as changed:
            changed.setattr(cache, name, lambda *_: "other")
            remembered(process, key)
    with monkeypatch.context() as changed:
        changed.setattr(cache.metadata, "version", lambda name: "9.9")
        remembered(process, key)
    assert len(runs) == len(calls) + 4 == cache_info().recordings
    remembered(process, key, "movie")
    assert len(runs) == len(calls) + 4  # ("movie",) said otherwise


@pytest.mark.parametrize("most, kind", [(0, np.ndarray), (2**20, jax.Array)])
def test_frames_that_are_too_many_stay_on_the_host(
    getkey, runs, monkeypatch, most, kind
):
    monkeypatch.setattr(blocks, "HELD_BYTES", most)
    process, key = camera(), getkey()
    for _ in range(2):
        found = remembered(process, key, ("movie",), block=4)
        assert isinstance(found["movie"].values, kind)
    assert len(runs) == 1


def test_a_damaged_entry_is_computed_again_with_a_warning(getkey, runs):
    process, key = plain(), getkey()
    first = remembered(process, key)
    (entry,) = cache_folder().glob("*.zarr")
    chunk = next(entry.rglob("trace/c.*"))
    chunk.write_bytes(b"rot")
    with pytest.warns(UserWarning, match="was damaged and is computed again: .*c.0.0"):
        assert same(remembered(process, key), first)
    assert same(remembered(process, key), first)
    assert len(runs) == 2


def test_what_was_not_used_for_longest_goes_first(getkey, monkeypatch):
    process, keys = plain(), [getkey() for _ in range(3)]
    remembered(process, keys[0])
    size = cache_info().n_bytes
    monkeypatch.setenv("JAXSIM_CACHE_GB", str(2.5 * size / 1e9))
    remembered(process, keys[1])
    for age, entry in enumerate(sorted(cache_folder().glob("*.zarr"))):
        os.utime(entry, (age + 1, age + 1))
    first = min(cache_folder().glob("*.zarr"), key=lambda p: p.stat().st_mtime)
    remembered(process, keys[2])
    assert cache_info().recordings == 2 and not first.exists()
    assert cache_info().n_bytes <= cache_info().limit_bytes


def test_what_is_read_is_used(getkey, monkeypatch):
    process, one = plain(), getkey()
    remembered(process, one)
    (entry,) = cache_folder().glob("*.zarr")
    os.utime(entry, (1, 1))
    remembered(process, one)
    assert entry.stat().st_mtime > 1


def test_what_is_larger_than_the_limit_is_not_kept(getkey, monkeypatch):
    monkeypatch.setenv("JAXSIM_CACHE_GB", "1e-8")
    remembered(plain(), getkey())
    assert cache_info().recordings == 0


def test_a_limit_that_is_no_number_is_told(getkey, monkeypatch):
    monkeypatch.setenv("JAXSIM_CACHE_GB", "much")
    with pytest.raises(ValueError, match="JAXSIM_CACHE_GB = 'much' is not a number"):
        cache_info()


def test_a_cache_that_cannot_be_written_is_no_error(getkey, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("JAXSIM_CACHE", str(tmp_path / "file"))
    with pytest.warns(UserWarning, match="the recording is not remembered"):
        found = remembered(plain(), getkey())
    assert found.ok


def test_a_class_whose_source_cannot_be_read_is_not_remembered(getkey, runs):
    space = {"__name__": "nowhere", "js": js}
    exec(
        "class ToyNowhere(js.Declared):\n"
        "    x: js.Param = js.param(1.0, '1', (0.0, 2.0), 'x')\n",
        space,
    )
    kind = space["ToyNowhere"]
    try:
        with pytest.warns(UserWarning, match="the source of ToyNowhere cannot be read"):
            assert cache._own_code(kind()) is None
    finally:
        from jaxsim.core.declared import KINDS

        del KINDS["ToyNowhere"]


def test_clearing_forgets_everything(getkey):
    for _ in range(2):
        remembered(plain(), getkey())
    info = cache_info()
    assert (info.recordings, info.folder) == (2, cache_folder()) and info.n_bytes > 0
    assert cache_clear() == 2
    assert cache_info().recordings == 0 and cache_clear() == 0


@pytest.mark.parametrize(
    "platform, env, expected",
    [
        ("linux", {"XDG_CACHE_HOME": "/x"}, "/x/jaxsim/recordings"),
        ("linux", {}, "/h/.cache/jaxsim/recordings"),
        ("darwin", {}, "/h/Library/Caches/jaxsim/recordings"),
        ("win32", {"LOCALAPPDATA": "/l"}, "/l/jaxsim/recordings"),
        ("linux", {"JAXSIM_CACHE": "/own"}, "/own/recordings"),
    ],
)
def test_the_cache_lies_where_the_platform_wants_it(
    monkeypatch, platform, env, expected
):
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA", "JAXSIM_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/h")
    monkeypatch.setattr(sys, "platform", platform)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    assert cache_folder().as_posix() == expected


def test_two_programs_may_remember_the_same_at_once(getkey, monkeypatch):
    process, key, real = plain(), getkey(), cache.simulate

    def overtaken(*args, **more):
        monkeypatch.setattr(cache, "simulate", real)
        remembered(process, key)  # another program is first
        return real(*args, **more)

    monkeypatch.setattr(cache, "simulate", overtaken)
    assert same(remembered(process, key), js.simulate(process, key))
    assert cache_info().recordings == 1
    assert not list(cache_folder().glob("*.partial-*"))


def test_an_entry_that_went_meanwhile_is_computed_again_in_silence(getkey, monkeypatch):
    process, key, read = plain(), getkey(), cache.read_recording

    def late(folder, facts):
        cache_clear()  # another program makes room
        return read(folder, facts)

    first = remembered(process, key)
    monkeypatch.setattr(cache, "read_recording", late)
    assert same(remembered(process, key), first)
