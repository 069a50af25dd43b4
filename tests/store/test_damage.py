"""Damage on the disk: every altered, cut or missing byte is seen, and named."""

import json
import os
import shutil

import jax
import numpy as np
import pytest

import jaxsim as js
from jaxsim.store import arrays
from jaxsim.store.spec import canonical
from tests.store import faults
from tests.store.examples import batch, big, same, small_recording


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A store with an array of its process beside; tests put back what they alter."""
    path = tmp_path_factory.mktemp("whole") / "r.zarr"
    js.save(small_recording().made_by(big(), jax.random.key(0)), path)
    return path


def chunks_of(path):
    return sorted(p for p in path.rglob("*") if p.is_file() and p.name != "zarr.json")


def metadata_of(path):
    return sorted(path.rglob("zarr.json"))


def refused(path, name):
    """Whether loading refuses, and names the file."""
    try:
        js.load(path)
    except ValueError as error:
        return name in str(error) and str(path) in str(error)
    return False


def flips(content, step, offset=0, whole_byte=True):
    """The content with one byte changed, at some positions in turn."""
    for at in range(offset, len(content), step):
        for mask in (1 << (at % 8), 0xFF)[: 1 + whole_byte]:
            yield at, content[:at] + bytes([content[at] ^ mask]) + content[at + 1 :]


def flip_all_chunks(path, step):
    n = 0
    for chunk in chunks_of(path):
        content = chunk.read_bytes()
        for at, altered in flips(content, step):
            chunk.write_bytes(altered)
            assert refused(path, chunk.name), f"{chunk.relative_to(path)} byte {at}"
            n += 1
        chunk.write_bytes(content)
    assert js.load(path) is not None
    return n


def test_a_flipped_byte_of_a_chunk_is_seen(whole):
    assert flip_all_chunks(whole, step=11) > 60


@pytest.mark.slow
def test_every_flipped_byte_of_every_chunk_is_seen(whole):
    n = flip_all_chunks(whole, step=1)
    print(n, "flips of chunks, all seen")
    assert n > 800


@pytest.mark.slow
def test_every_value_of_every_byte_of_a_chunk_is_seen(whole):
    chunk, n = whole / "recording/lfp/lfp/c.0.0", 0
    content = chunk.read_bytes()
    array = arrays.open_group(whole)["recording/lfp/lfp"]
    for at in range(len(content)):
        for value in set(range(256)) - {content[at]}:
            chunk.write_bytes(content[:at] + bytes([value]) + content[at + 1 :])
            with pytest.raises(ValueError, match="its file c.0.0 is damaged"):
                arrays.read(array)
            n += 1
    chunk.write_bytes(content)
    assert arrays.read(array).shape == (3, 2)
    print(n, "values of the bytes of one chunk, all seen")


def flip_all_metadata(path, step):
    n = harmless = 0
    for file in metadata_of(path):
        content = file.read_bytes()
        for _, altered in flips(content, step, len(content) % step, step > 1):
            file.write_bytes(altered)
            if not refused(path, "zarr.json"):  # a space became another white space
                assert file.parent == path
                assert canonical(json.loads(altered)) == canonical(json.loads(content))
                harmless += 1
            n += 1
        file.write_bytes(content)
    return n, harmless


def test_a_flipped_byte_of_the_metadata_is_seen(whole):
    n, harmless = flip_all_metadata(whole, step=211)
    assert n >= 50 and harmless < n / 4


@pytest.mark.slow
def test_every_flipped_byte_of_the_metadata_is_seen(whole):
    n, harmless = flip_all_metadata(whole, step=1)
    print(n, "flips of metadata,", harmless, "of them of white space, all others seen")
    assert n > 5000 and harmless < n / 4


def test_a_missing_file_is_seen_and_named(whole):
    for file in chunks_of(whole) + metadata_of(whole):
        content = file.read_bytes()
        file.unlink()
        assert refused(whole, file.name), file
        file.write_bytes(content)
    assert js.load(whole) is not None


def test_a_cut_file_is_seen_and_named(whole):
    for file in chunks_of(whole) + metadata_of(whole):
        content = file.read_bytes()
        for n in sorted({0, 1, 3, len(content) // 2, len(content) - 1}):
            file.write_bytes(content[:n])
            assert refused(whole, file.name), (file, n)
        file.write_bytes(content)


def test_a_missing_folder_is_seen(whole):
    away = whole.parent / "away"
    for folder in sorted(p for p in whole.rglob("*") if p.is_dir()):
        folder.rename(away)
        with pytest.raises(ValueError, match="r.zarr"):
            js.load(whole)
        away.rename(folder)


def test_damage_names_the_array_and_says_what_to_do(whole, tmp_path):
    path = tmp_path / "r.zarr"
    shutil.copytree(whole, path)
    (path / "recording/lfp/lfp/c.0.0").unlink()
    says = "'recording/lfp/lfp' cannot be trusted, its file c.0.0 is missing. Bring"
    with pytest.raises(ValueError, match=says):
        js.load(path)


def test_the_damaged_chunk_of_many_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("jaxsim.store.chunks.CHUNK_BYTES", 24)
    js.save(batch(), tmp_path / "r.zarr")
    chunks = sorted((tmp_path / "r.zarr/recording/lfp/lfp").glob("c.*"))
    assert len(chunks) == 6
    content = chunks[4].read_bytes()
    chunks[4].write_bytes(content[:-1] + b"x")
    assert refused(tmp_path / "r.zarr", chunks[4].name)


def test_altered_arrays_of_a_process_are_seen_by_their_digest(tmp_path):
    import zarr

    js.save(big(), tmp_path / "p.yaml")
    (name,) = [n for n in os.listdir(tmp_path / "p.arrays.zarr") if len(n) == 64]
    array = zarr.open_array(tmp_path / "p.arrays.zarr" / name, mode="r+")
    array[0, 0] = 5.0  # a sound chunk of another value
    with pytest.raises(ValueError, match="does not match its digest"):
        js.load(tmp_path / "p.yaml")
    js.save(big(), tmp_path / "p.yaml", overwrite=True)  # saving mends it
    assert js.digest(js.load(tmp_path / "p.yaml")) == js.digest(big())


def test_a_damaged_block_of_a_sweep_is_done_again(tmp_path):
    folder = tmp_path / "s.zarr"
    faults.sweep(folder)
    expected = faults.run_values(range(7))
    for kind in ("lfp", "start_s", "status", "time"):
        chunk = sorted(folder.rglob(f"{kind}/c.*"))[0]
        content = chunk.read_bytes()
        for hurt in (content[:-1], b"", content[:5] + b"?" + content[6:], None):
            chunk.unlink()
            if hurt is not None:
                chunk.write_bytes(hurt)
            assert refused(folder, chunk.name), chunk
            whole, redone = faults.sweep(folder)
            assert redone >= 1
            assert np.array_equal(whole["lfp"].values, expected)


def test_altered_metadata_of_a_sweep_stop_it(tmp_path):
    folder = tmp_path / "s.zarr"
    faults.sweep(folder)
    file = folder / "recording/lfp/lfp/zarr.json"
    file.write_text(file.read_text().replace('"mV"', '"uV"'))
    with pytest.raises(ValueError, match="lfp/zarr.json is not as it was written"):
        faults.sweep(folder)


@pytest.mark.parametrize(
    "edit, says",
    [
        (lambda a: a["seal"]["files"].update({"../x": "0"}), "zarr.json is not as it"),
        (lambda a: a.update(format=99), "has format 99, newer than"),
        (lambda a: a.pop("seal"), "zarr.json is not as it was written"),
        (lambda a: a.update(seal=[]), "zarr.json is not as it was written"),
        (lambda a: a.update(holds="virus"), "zarr.json is not as it was written"),
    ],
)
def test_hostile_attributes_are_refused(whole, tmp_path, edit, says):
    path = tmp_path / "r.zarr"
    shutil.copytree(whole, path)
    root = json.loads((path / "zarr.json").read_text())
    edit(root["attributes"]["jaxsim"])
    (path / "zarr.json").write_text(json.dumps(root))
    with pytest.raises(ValueError, match=says):
        js.load(path)


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"{}", b"[" * 5000, b"\xff"])
def test_a_root_that_is_no_metadata_is_refused(content, tmp_path):
    (tmp_path / "r.zarr").mkdir()
    (tmp_path / "r.zarr/zarr.json").write_bytes(content)
    with pytest.raises(ValueError, match="was not written by jaxsim, or its zarr.json"):
        js.load(tmp_path / "r.zarr")


def test_what_is_whole_can_be_rescued_without_us(whole, tmp_path):
    import xarray as xr

    path = tmp_path / "r.zarr"
    shutil.copytree(whole, path)
    (path / "recording/lfp/time/c.0").write_bytes(b"rot")
    with pytest.raises(ValueError, match="xarray.open_datatree"):
        js.load(path)
    group = xr.open_zarr(
        path, group="recording/lfp", consolidated=False, drop_variables="time"
    )
    assert np.array_equal(group.lfp, small_recording()["lfp"].values)
    assert same(js.load(whole), small_recording())
