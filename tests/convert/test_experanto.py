"""The converter takes experanto's configurations and call as they stand."""

import copy

import numpy as np
import pytest

from jaxsim.convert import experanto
from tests.data import folders


EXAMPLE = """
screen:
  sampling_rate: null
  chunk_size: null
  valid_condition: {tier: test, stim_type: stimulus.Frame}
  offset: 0
  sample_stride: 4
  include_blanks: false
  transforms:
    ToTensor: {_target_: torchvision.transforms.ToTensor}
    Normalize: {_target_: torchvision.transforms.Normalize, mean: 80.0, std: 60.0}
    Resize: {_target_: torchvision.transforms.Resize, size: [144, 256]}
    CenterCrop: {_target_: torchvision.transforms.CenterCrop, size: 144}
  interpolation: {}
responses:
  sampling_rate: null
  chunk_size: null
  offset: 0.1
  transforms: {normalize_variance_only: true, standardize: true}
  interpolation: {interpolation_mode: nearest_neighbor}
eye_tracker:
  sampling_rate: null
  chunk_size: null
  offset: 0
  transforms: {normalize: true}
  interpolation: {interpolation_mode: nearest_neighbor}
treadmill:
  sampling_rate: null
  chunk_size: null
  offset: 0
  transforms: {normalize: true}
  interpolation: {interpolation_mode: nearest_neighbor}
"""


@pytest.fixture
def made(tmp_path):
    return folders.folder(tmp_path / "made", 30, nan=2)


def with_types(root):
    import json

    path = root / "screen" / "combined_meta.json"
    trials = {}
    for file in sorted((root / "screen" / "meta").glob("*.yml")):
        kind = {"stim_type": "stimulus.Frame"}
        trials[file.stem] = json.loads(file.read_text()) | kind
    path.write_text(json.dumps(trials))
    return root


def test_the_example_as_it_stands(made, tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text(EXAMPLE)
    chunks = experanto.ChunkDataset(
        with_types(made), global_sampling_rate=30, global_chunk_size=60,
        modality_config=config,
    )  # fmt: skip
    sample = chunks[0]
    assert sample["screen"].shape == (1, 60, 144, 144)
    assert sample["responses"].shape == (60, 12)
    assert sample["eye_tracker"].shape == (60, 4)
    assert {name: len(t) for name, t in sample["timestamps"].items()} == dict.fromkeys(
        ("screen", "responses", "eye_tracker", "treadmill"), 60
    )
    first = round(float(sample["meta"]["t0_s"]) * 30)
    assert 15 <= sample["meta"]["t0_s"] < 20  # the one trial of tier test
    expected = ((first + np.arange(60)) % 251 - 80.0) / 60.0
    assert sample["screen"][0, :, 70, 70] == pytest.approx(expected, abs=1e-5)
    assert np.ptp(sample["screen"], axis=(2, 3)) == pytest.approx(0, abs=1e-5)
    k = int((float(sample["meta"]["t0_s"]) + 0.1) * 8 + 1e-9)
    std = folders.ramp(241, 12).std(0, dtype=float)
    assert sample["responses"][0] == pytest.approx(
        folders.ramp(241, 12)[k] / std, rel=1e-5
    )
    assert len(chunks) == -(-91 // 4)


def test_its_default_configuration_gives_its_shapes(made):
    sample = experanto.ChunkDataset(made)[0]
    names = ("screen", "responses", "eye_tracker", "treadmill")
    shapes = [sample[name].shape for name in names]
    assert shapes == [(1, 60, 144, 256), (16, 12), (60, 4), (60, 1)]
    assert np.isfinite(sample["eye_tracker"]).all()


def changed(path, value):
    config = copy.deepcopy(experanto.DEFAULT_MODALITY_CONFIG)
    *home, last = path.split(".")
    at = config
    for name in home:
        at = at[name]
    at[last] = value
    return config


VISION = "torchvision.transforms.v2."


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("screen.smapling_rate", 30, "modality_config.screen has no 'smapling_rate'"),
        ("screen.sampling_rate", None, "screen.sampling_rate is null"),
        ("screen.transforms.Flip", {"_target_": VISION + "RandomFlip"}, "RandomFlip"),
        (
            "screen.transforms.Resize",
            {"_target_": VISION + "Resize", "size": 144},
            "shorter side",
        ),
        (
            "screen.transforms.Normalize",
            {"_target_": VISION + "Normalize", "mean": 1.0, "std": 2.0},
            "normalise twice",
        ),
        ("responses.transforms", {"normalization": "minmax"}, "'minmax' is none of"),
        ("responses.transforms", {"whiten": True}, "has no 'whiten'"),
        ("responses.interpolation", {"_target_": "lab.Mine"}, "lab.Mine"),
        ("responses.interpolation", {"interpolation_mode": "cubic"}, "'cubic'"),
        (
            "treadmill.filters",
            {"fast": {"__target__": "experanto.filters.speed", "limit": 1}},
            "filters.fast: the filter experanto.filters.speed",
        ),
        ("pupil", {"sampling_rate": 20, "chunk_size": 9}, "pupil: .* no such modality"),
    ],
)
def test_what_it_does_not_do_is_refused_by_name(made, path, value, said):
    with pytest.raises(ValueError, match=said):
        experanto.ChunkDataset(made, modality_config=changed(path, value))


def test_out_keys_are_what_samples_hold(made):
    some = experanto.ChunkDataset(made, out_keys=["responses", "timestamps"])
    assert set(some[0]) == {"responses", "timestamps", "mask", "meta"}


def test_arguments_that_it_does_not_do_are_refused_by_name(made):
    for how in (
        {"add_behavior_as_channels": True},
        {"out_keys": ["scren"]},
        {"interpolate_precision": 3, "compat": True},
    ):
        with pytest.raises(ValueError, match=next(iter(how))):
            experanto.ChunkDataset(made, **how)


@pytest.mark.parametrize(
    ("how", "mean", "std"),
    [
        ("screen_default", 80, 60),
        ({"means": [[10.0]], "stds": [[20.0]]}, 10, 20),
        ("normalize", 125, 72),
    ],
)
def test_statistics_of_the_screen(made, how, mean, std):
    config = {"screen": experanto.DEFAULT_MODALITY_CONFIG["screen"] | {
        "transforms": {"normalization": how}, "interpolation": {}}}  # fmt: skip
    sample = experanto.ChunkDataset(made, modality_config=config)[0]
    first = round(float(sample["meta"]["t0_s"]) * 30)
    expected = ((first + np.arange(60)) % 251 - mean) / std
    assert sample["screen"][0, :, 0, 0] == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_recomputed_statistics_are_those_of_the_data(made):
    for how, mean in (("recompute_responses", 0), ("recompute_behavior", None)):
        entry = {
            "sampling_rate": 8, "chunk_size": 16, "transforms": {"normalization": how}
        }  # fmt: skip
        config = {"responses": entry}
        sample = experanto.ChunkDataset(made, modality_config=config)[0]
        data = folders.ramp(241, 12).astype(float)
        mean = data.mean(0) if mean is None else mean
        expected = (data[4:20] - mean) / data.std(0)
        assert sample["responses"] == pytest.approx(expected, rel=1e-4, abs=1e-5)
