"""compat="experanto" is experanto 0.1, chunk by chunk: indices, values, time stamps."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from jaxsim.convert import experanto
from jaxsim.data.chunks import ChunkDataset
from jaxsim.data.export_experanto import export_experanto
from jaxsim.data.filters import nan_filter
from jaxsim.data.modality import Modality
from tests.data import folders


PYTHON = os.environ.get("JAXSIM_EXPERANTO_PYTHON")
SCRIPT = Path(__file__).parents[2] / "benchmarks" / "peers" / "experanto_chunks.py"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PYTHON, reason="set JAXSIM_EXPERANTO_PYTHON"),
]
NEAREST = {"interpolation_mode": "nearest_neighbor"}
LINEAR = {"interpolation_mode": "linear"}


def theirs(tmp_path, root, config, indices=200, **how):
    ask = {"root": str(root), "config": config, "how": how, "indices": indices}
    request, out = tmp_path / "request.json", tmp_path / "out.npz"
    request.write_text(json.dumps(ask))
    command = [PYTHON, str(SCRIPT), str(request), str(out)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return np.load(out)


def entry(rate, chunk, interpolation=None, normalization=None, filters=None, **more):
    found = {"sampling_rate": rate, "chunk_size": chunk, "offset": 0, **more}
    found["transforms"] = {"normalization": normalization} if normalization else {}
    found["interpolation"] = interpolation or {}
    if filters is not None:
        found["filters"] = {
            "nan_filter": {
                "__target__": "experanto.filters.common_filters.nan_filter",
                "__partial__": True,
                "vicinity": filters,
            }
        }
    return found


def shown(rate, chunk, condition, blanks=True, stride=1, **more):
    return entry(
        rate, chunk, valid_condition=condition, include_blanks=blanks,
        sample_stride=stride, **more,
    )  # fmt: skip


def same(ours, peer):
    assert len(ours) == int(peer["n"])
    assert (ours.starts[0] == peer["starts"]).all()
    for i in peer["indices"].tolist():
        sample = ours[i]
        for name in ours.modalities:
            expected = peer[f"{i}/{name}"]
            assert sample[name].dtype == expected.dtype
            np.testing.assert_array_equal(sample[name], expected, f"{name} of {i}")
            times = peer[f"{i}/timestamps/{name}"]
            np.testing.assert_array_equal(sample["timestamps"][name], times)


def test_its_default_configuration(tmp_path):
    root = folders.folder(tmp_path / "made", nan=9)
    config = {
        "screen": shown(30, 60, {"tier": "train"}, normalization="normalize"),
        "responses": entry(8, 16, NEAREST, "normalize_variance_only", 0.05),
        "eye_tracker": entry(30, 60, NEAREST, "normalize", 0.05),
        "treadmill": entry(30, 60, NEAREST, "normalize", 0.05),
    }
    near = nan_filter(0.05)
    ours = ChunkDataset(
        root,
        {
            "screen": Modality(30, 60, normalize="zscore"),
            "responses": Modality(8, 16, normalize="scale", filters=near),
            "eye_tracker": Modality(30, 60, normalize="zscore", filters=near),
            "treadmill": Modality(30, 60, normalize="zscore", filters=near),
        },
        where={"tier": "train"},
        compat="experanto",
    )
    same(ours, theirs(tmp_path, root, config))


def test_phase_shifts_offsets_strides_and_one_of_two_conditions(tmp_path):
    root = folders.folder(tmp_path / "made", start=12.345, phase=True)
    condition = [{"tier": "test"}, {"tier": "train", "valid_trial": True}]
    config = {
        "screen": shown(15, 20, condition, False, 3),
        "responses": entry(7.5, 12, NEAREST, offset=0.1),
        "eye_tracker": entry(60, 50, LINEAR, offset=-0.25),
        "treadmill": entry(20, 30, NEAREST, offset=0.033),
    }
    ours = ChunkDataset(
        root,
        {
            "screen": Modality(15, 20),
            "responses": Modality(7.5, 12, 0.1),
            "eye_tracker": Modality(60, 50, -0.25, "linear", "mean"),
            "treadmill": Modality(20, 30, 0.033),
        },
        where=condition,
        include_blanks=False,
        stride=3,
        compat="experanto",
    )
    same(ours, theirs(tmp_path, root, config))


def test_linear_phase_shifts_and_nan_replaced_by_means(tmp_path):
    root = folders.folder(tmp_path / "made", start=3.0, phase=True, nan=9)
    config = {
        "screen": shown(30, 30, {"tier": "validation"}),
        "responses": entry(24, 24, LINEAR, "normalize_variance_only"),
        "eye_tracker": entry(33, 30, LINEAR, "normalize"),
    }
    ours = ChunkDataset(
        root,
        {
            "screen": Modality(30, 30),
            "responses": Modality(24, 24, 0, "linear", "mean", "scale"),
            "eye_tracker": Modality(33, 30, 0, "linear", "mean", "zscore"),
        },
        where={"tier": "validation"},
        compat="experanto",
    )
    same(ours, theirs(tmp_path, root, config))


def test_images_blanks_uneven_time_stamps_and_a_wide_filter(tmp_path):
    root = tmp_path / "made"
    root.mkdir()
    rng = np.random.default_rng(1)
    stamps = 5 + np.cumsum(rng.uniform(0.2, 0.7, 300))
    trials = [
        ("blank", 1, {"interleave_value": 128})
        if i % 7 == 3
        else ("image", 1, {"tier": folders.TIERS[i % 5], "valid_trial": i % 3 > 0})
        for i in range(300)
    ]
    folders.screen(root, trials, stamps)
    seconds = int(stamps[-1]) - 2
    wheel = folders.ramp(seconds * 25, 2)
    wheel[500:3000:333] = np.nan
    folders.sequence(root, "responses", 25, folders.ramp(seconds * 25, 3), 4.0)
    folders.sequence(root, "treadmill", 25, wheel, 4.5, mem=False)
    config = {
        "screen": shown(10, 8, [{"tier": "train"}, {"modality": "image"}]),
        "responses": entry(12.5, 10, NEAREST, "normalize_variance_only"),
        "treadmill": entry(12.5, 10, NEAREST, None, 1.3),
    }
    ours = ChunkDataset(
        root,
        {
            "screen": Modality(10, 8),
            "responses": Modality(12.5, 10, normalize="scale"),
            "treadmill": Modality(12.5, 10, filters=nan_filter(1.3)),
        },
        where=[{"tier": "train"}, {"modality": "image"}],
        compat="experanto",
    )
    same(ours, theirs(tmp_path, root, config))


def test_colour_float64_and_bytes(tmp_path):
    root = tmp_path / "made"
    root.mkdir()
    trials = [("video", 150, {"tier": "train"})] * 4
    folders.screen(root, trials, np.arange(600) / 30, colour=True)
    wide = np.random.default_rng(0).normal(size=(400, 5))
    folders.sequence(root, "responses", 20, wide)
    byte = (np.arange(800)[:, None] % 256 + np.zeros(2)).astype(np.uint8)
    folders.sequence(root, "lights", 40, byte)
    config = {
        "screen": shown(30, 20, {"tier": "train"}, normalization="screen_default"),
        "responses": entry(20, 12, NEAREST, "normalize"),
        "lights": entry(40, 30, NEAREST),
    }
    ours = ChunkDataset(
        root,
        {
            "screen": Modality(30, 20, normalize=(80, 60)),
            "responses": Modality(20, 12, normalize="zscore"),
            "lights": Modality(40, 30),
        },
        where={"tier": "train"},
        compat="experanto",
    )
    same(ours, theirs(tmp_path, root, config))


def test_it_reads_what_we_export(tmp_path, film):
    (folder,) = export_experanto(
        film, tmp_path / "out", phase_s={"trace": np.r_[:5] / 99}
    )
    config = experanto.read_config(folder / "experanto.yaml")
    assert set(config) == {"screen", "responses", "field", "level"}
    plain = {name: entry | {"transforms": {}} for name, entry in config.items()}
    ours = {
        "screen": Modality(20, 40),
        "responses": Modality(8, 16),
        "field": Modality(125, 250),
        "level": Modality(10, 20),
    }
    exact = ChunkDataset(folder, ours, where={"tier": "train"}, relative_time=False)
    peer = theirs(tmp_path, folder, plain, 50)
    frames = film["movie"].values
    for i in peer["indices"].tolist():
        start = float(peer["starts"][i])
        assert peer[f"{i}/screen"].shape == (1, 40, 6, 7)
        assert peer[f"{i}/responses"].shape == (16, 5)
        assert peer[f"{i}/field"].shape == (250, 3)
        k = round(start * 20)
        np.testing.assert_array_equal(peer[f"{i}/screen"][0], frames[k : k + 40])
        twin = exact[int(np.argmin([abs(t - start) for t in twins(exact)]))]
        # its rounded times may name the sample before: a ramp tells by how much
        for name, step in (("responses", 1), ("field", 1), ("level", 1)):
            late = twin[name] - peer[f"{i}/{name}"]
            assert ((np.abs(late) < 1e-3) | (np.abs(late - step) < 1e-3)).all()
    same(ChunkDataset(folder, ours, where={"tier": "train"}, compat="experanto"), peer)


def twins(chunks):
    rate = chunks.modalities[chunks.anchor].rate
    return chunks.starts[0] / float(rate)


def test_the_configuration_that_we_ship_is_converted_as_it_runs_there(tmp_path, film):
    (folder,) = export_experanto(film, tmp_path / "out")
    config = experanto.read_config(folder / "experanto.yaml")
    ours = experanto.ChunkDataset(folder, modality_config=config, compat=True)
    same(ours, theirs(tmp_path, folder, config, 60))


def test_frames_are_resized_as_there(tmp_path):
    """Its rescale is cv2's area, ours is a matrix: the same to rounding."""
    root = tmp_path / "made"
    root.mkdir()
    folders.sequence(root, "responses", 8, folders.ramp(161, 3))
    trials = [("video", 600, {"tier": "train"})]
    folders.screen(root, trials, np.arange(600) / 30, (12, 16))
    noise = np.random.default_rng(0).integers(0, 255, (600, 12, 16), np.uint8)
    np.save(root / "screen" / "data" / "00000.npy", noise)
    rescale = {"rescale": True, "rescale_size": [6, 8]}
    config = {
        "screen": shown(30, 20, {"tier": "train"}, interpolation=rescale),
        "responses": entry(8, 5, NEAREST),
    }
    ours = experanto.ChunkDataset(root, modality_config=config, compat=True)
    peer = theirs(tmp_path, root, config, 20)
    for i in peer["indices"].tolist():
        np.testing.assert_allclose(ours[i]["screen"], peer[f"{i}/screen"], rtol=1e-5)
