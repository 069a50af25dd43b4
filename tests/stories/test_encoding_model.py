"""Responses to a screen, exported: what drove them is found in the folder."""

import json
import os
import subprocess
from pathlib import Path

import jax
import numpy as np
import pytest

import jaxsim as js


PYTHON = os.environ.get("JAXSIM_EXPERANTO_PYTHON")
SCRIPT = Path(__file__).parents[2] / "benchmarks" / "peers" / "experanto_chunks.py"
N_CELLS, SIZE = 6, (16, 20)
CUT = {"screen": js.Modality(30, 60), "responses": js.Modality(30, 60)}


@pytest.fixture(scope="module")
def recording():
    """Two minutes of noise, and the calcium of six cells that see it."""
    process = js.Pipeline(
        screen=js.NoiseScreen(
            n_px_height=SIZE[0], n_px_width=SIZE[1], n_frames=3600, contrast=1.0
        ),
        cells=js.ReceptiveFields.random(jax.random.key(5), N_CELLS, SIZE),
        miniscope=js.imaging.Miniscope(n_frames=3600, frame_rate_hz=30.0),
        neurons=js.imaging.PlaceNeurons(
            positions_um=np.linspace(10.0, 40.0, 3 * N_CELLS).reshape(N_CELLS, 3)
        ),
        spikes=js.imaging.PoissonSpikes(),
        calcium=js.imaging.Calcium(),
    )
    names = ("screen", "trace", "receptive_field")
    return js.simulate(process, jax.random.key(0), names)


@pytest.fixture(scope="module")
def folder(recording, tmp_path_factory):
    """The folder of experanto: the last 30 s are for testing."""
    trials = [
        {"start_s": 10.0 * i, "tier": "train" if i < 9 else "test"} for i in range(12)
    ]
    home = tmp_path_factory.mktemp("encoding") / "folder"
    return js.export_experanto(recording, home, trials=trials)[0]


def recovered(folder, shuffled=False):
    """Fields by regression of each frame's new calcium on what was shown before."""
    chunks = js.ChunkDataset(folder, CUT, where={"tier": "train"}, stride=60)
    shown, new = [], []
    for i in range(len(chunks)):
        frames = chunks[i]["screen"].reshape(60, -1) / 127.5 - 1.0
        trace = chunks[i]["responses"]
        # a response is stamped at its end, and calcium rises two frames after that
        shown.append((frames[1:-3] + frames[:-4]) / 2)
        new.append(trace[4:] - np.exp(-1 / 30 / 0.5) * trace[3:-1])
    x, y = np.concatenate(shown), np.concatenate(new)
    if shuffled:
        x = np.random.default_rng(0).permutation(x)
    x, y = x - x.mean(0), y - y.mean(0)
    ridge = 0.1 * len(x) * x.var() * np.eye(x.shape[1])
    return np.linalg.solve(x.T @ x + ridge, x.T @ y).T


def likeness(found, truth):
    truth = np.asarray(truth).reshape(N_CELLS, -1)
    return np.array(
        [np.corrcoef(f, t)[0, 1] for f, t in zip(found, truth, strict=True)]
    )


def test_regression_on_the_folder_finds_the_fields(recording, folder):
    truth = recording["receptive_field"].values
    found = likeness(recovered(folder), truth)
    by_chance = likeness(recovered(folder, shuffled=True), truth)
    assert found.min() > 0.6 and np.abs(by_chance).max() < 0.3


def test_a_screen_keeps_its_name_beside_a_movie(recording, tmp_path):
    from jaxsim.data.export_experanto import _names
    from jaxsim.data.session import sessions_of

    screen, trace = recording["screen"], recording["trace"]
    status = np.asarray(1, np.uint8)
    both = js.Recording((screen, screen, trace), ("movie", "screen", "trace"), status)
    (session,) = sessions_of(both)
    with pytest.raises(ValueError, match="'movie' is a movie, and .*one screen"):
        _names(session, {})
    names = _names(session, {"movie": "calcium"})
    assert names == {"movie": "calcium", "screen": "screen", "trace": "responses"}


@pytest.mark.slow
@pytest.mark.skipif(not PYTHON, reason="set JAXSIM_EXPERANTO_PYTHON")
def test_experanto_reads_the_folder_by_its_own_configuration(folder, tmp_path):
    from ruamel.yaml import YAML

    config = YAML(typ="safe").load(folder / "experanto.yaml")
    ask = {"root": str(folder), "config": config, "how": {}, "indices": 20}
    (tmp_path / "request.json").write_text(json.dumps(ask))
    command = [PYTHON, SCRIPT, tmp_path / "request.json", tmp_path / "out.npz"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    theirs = np.load(tmp_path / "out.npz")
    ours = js.convert.experanto.ChunkDataset(
        folder, modality_config=folder / "experanto.yaml", compat=True
    )
    assert len(ours) == int(theirs["n"])
    for i in theirs["indices"].tolist():
        for name in ("screen", "responses"):
            np.testing.assert_array_equal(ours[i][name], theirs[f"{i}/{name}"])
