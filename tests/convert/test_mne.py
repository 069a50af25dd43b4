"""MNE, as it is installed: its objects from our recordings, and ours from its."""

import json

import jax
import numpy as np
import pytest

import jaxsim as js
from jaxsim import meeg
from jaxsim.convert import mne as convert
from jaxsim.core.recording import NON_FINITE


mne = pytest.importorskip("mne", reason="needs MNE: the extra mne")

PLACES = meeg.on_sphere(16, 0.05)
HEAD = meeg.even_layout(24)
N = len(PLACES)
EPOCH = {"tmin_s": -0.1, "tmax_s": 0.4, "rate_hz": 100.0}


def silent(n_components=3):
    return meeg.SilentSources(n_locations=N, n_components=n_components, **EPOCH)


def peaks(**more):
    way = (0.0, 0.6, 0.8)
    return meeg.GaussianErp(locations=(3, 11), direction=way, **more)


def eeg(**more):
    return js.SphereEeg(PLACES, HEAD.positions_m, sensors=HEAD.sensors, **more)


def meg():
    coils = 1.3 * HEAD.positions_m
    names = tuple(f"M{k}" for k in range(24))
    return js.SphereMeg(PLACES, coils, meeg.radial(coils), sensors=names)


@pytest.fixture(scope="module")
def run():
    erp = js.ErpSources(
        n_locations=N,
        n_active=2,
        n_components=3,
        shortest_samples=30,
        high_hz=8.0,
        **EPOCH,
    )
    process = js.Pipeline(erp=erp, eeg=eeg(reference="average"))
    return js.simulate(process, jax.random.key(1))


@pytest.fixture(scope="module")
def magnetic():
    process = js.Pipeline(silent=silent(), erp=peaks(), meg=meg())
    return js.simulate(process, jax.random.key(1))


@pytest.fixture(scope="module")
def runs():
    jitter = peaks(amplitude_jitter_nam=2.0)
    process = js.Pipeline(silent=silent(), erp=jitter, eeg=eeg())
    design = js.grid({"erp.trial": [0.0, 1.0]})
    return js.sweep(process, design, jax.random.key(2), repeats=3, progress=False)


def forward_of(info, sphere=(0.0, 0.0, 0.0)):
    """MNE's own forward solution for these channels and our sources."""
    shells = {"relative_radii": (0.9, 0.92, 0.97, 1.0)}
    shells["sigmas"] = (0.33, 1.0, 0.004, 0.33)
    head = mne.make_sphere_model(sphere, 0.09, verbose="error", **shells)
    up = np.tile([0.0, 0.0, 1.0], (N, 1))
    space = mne.setup_volume_source_space(
        pos={"rr": PLACES, "nn": up}, sphere=head, verbose="error"
    )
    return mne.make_forward_solution(
        info, trans=None, src=space, bem=head, verbose="error"
    )


def test_an_evoked_has_the_channels_samples_and_volts_of_the_field(run):
    evoked = convert.to_evoked(run)
    assert tuple(evoked.ch_names) == HEAD.sensors
    assert evoked.info["sfreq"] == 100.0 and evoked.get_channel_types()[0] == "eeg"
    np.testing.assert_allclose(evoked.times, np.arange(-10, 40) / 100, atol=1e-12)
    field = np.asarray(run["field"].values, float)
    np.testing.assert_allclose(evoked.data.T, 1e-6 * field, atol=1e-12 * field.max())
    at = np.stack([c["loc"][:3] for c in evoked.info["chs"]])
    np.testing.assert_allclose(at, HEAD.positions_m, atol=1e-7)
    np.testing.assert_array_equal(evoked.copy().resample(50.0).info["sfreq"], 50.0)


def test_an_average_reference_is_the_projection_that_mne_asks_for(run, runs):
    evoked = convert.to_evoked(run)
    assert evoked.proj and not evoked.info["custom_ref_applied"]
    (mean,) = evoked.info["projs"]
    assert mean["active"] and mean["desc"] == "Average EEG reference"
    assert not convert.to_epochs(runs).info["projs"]


def test_mne_computes_the_gain_of_our_electrodes(run):
    forward = forward_of(convert.to_info(run))
    theirs = js.Leadfield.from_mne(forward, reference="average")
    assert theirs.sensors == HEAD.sensors
    expected, found = np.asarray(run["gain"].values), np.asarray(theirs.referenced())
    assert expected.shape == found.shape
    # MNE approximates the shells by three dipoles
    assert np.linalg.norm(found - expected) < 5e-3 * np.linalg.norm(expected)


def test_mne_computes_the_gain_of_our_coils(magnetic):
    evoked = convert.to_evoked(magnetic)
    assert set(evoked.get_channel_types()) == {"mag"}
    theirs = js.Leadfield.from_mne(forward_of(evoked.info), "meg")
    expected = np.asarray(magnetic["gain"].values)
    np.testing.assert_allclose(theirs.gain, expected, atol=2e-6 * expected.max())
    again = convert.to_info(magnetic, layout=evoked.info)
    np.testing.assert_array_equal(again["chs"][2]["loc"], evoked.info["chs"][2]["loc"])
    assert again["chs"][2]["coil_type"] == evoked.info["chs"][2]["coil_type"] == 2000
    field = np.asarray(magnetic["field"].values, float)
    np.testing.assert_allclose(evoked.data.T, 1e-15 * field, atol=1e-21)


def test_the_stimulus_of_a_raw_recording_is_annotated(run):
    raw = convert.to_raw(run)
    events, names = mne.events_from_annotations(raw, verbose="error")
    assert names == {"stimulus": 1} and events.tolist() == [[10, 0, 1]]
    late = convert.to_raw(run, onset_s=0.05)
    assert late.annotations.onset[0] == pytest.approx(0.15)
    with pytest.raises(ValueError, match="onset_s = 9.0 s lies outside"):
        convert.to_raw(run, onset_s=9.0)


def test_each_run_of_a_sweep_is_a_trial_with_its_point_of_the_design(run, runs):
    epochs = convert.to_epochs(runs)
    assert len(epochs) == 6 and epochs.tmin == -0.1
    assert convert.to_epochs(run).get_data().shape == (1, 24, 50)
    field = np.asarray(runs["field"].values, float).reshape(6, 50, 24)
    found = epochs.get_data().swapaxes(1, 2)
    np.testing.assert_allclose(found, 1e-6 * field, atol=1e-12 * field.max())
    assert epochs.metadata["erp.trial"].tolist() == [0.0] * 3 + [1.0] * 3
    assert (epochs.events[:, 0] % 50 == 10).all()
    mean = epochs["`erp.trial` == 1"].average()
    np.testing.assert_allclose(mean.data.T, 1e-6 * field[3:].mean(0), atol=1e-17)


def test_runs_that_failed_are_dropped_and_named(runs):
    status = np.array(runs.status)
    status.flat[4] = NON_FINITE
    epochs = convert.to_epochs(js.Recording(runs.series, runs.names, status))
    assert epochs.selection.tolist() == [0, 1, 2, 3, 5]
    assert epochs.drop_log[4][0].startswith("diverged") and epochs.drop_log[0] == ()


def test_one_run_and_many_are_told_apart(runs):
    with pytest.raises(ValueError, match=r"sweep of 6 runs.*to_epochs"):
        convert.to_evoked(runs)
    with pytest.raises(ValueError, match="sweep of 6 runs"):
        convert.to_source_estimate(runs, "activity")


def test_only_fields_become_channels(run):
    with pytest.raises(ValueError, match="'activity' is over 'time node' in nAm"):
        convert.to_evoked(run, "activity")


def test_a_layout_places_sensors_by_name(run):
    plain = js.Leadfield(np.eye(3), sensors=("Oz", "Cz", "Fpz"))
    silent = meeg.SilentSources(n_locations=3, tmin_s=0.0, tmax_s=0.05)
    seen = js.simulate(js.Pipeline(it=silent, eeg=plain), run.key)
    assert convert.to_info(seen).get_montage() is None
    layout = meeg.montage("easycap-M1")
    for given in (layout, mne.channels.make_standard_montage("easycap-M1")):
        info = convert.to_info(seen, layout=given)
        back, top, front = (c["loc"][:3] for c in info["chs"])
        assert back[1] < top[1] < front[1] and top[2] > max(back[2], front[2])
        again = convert.to_info(seen, layout=info)
        np.testing.assert_array_equal(again["chs"][1]["loc"], info["chs"][1]["loc"])
        kept, known = (i.get_montage().get_positions() for i in (again, info))
        np.testing.assert_array_equal(kept["nasion"], known["nasion"])
    with pytest.raises(ValueError, match="no place of Oz, Cz, Fpz"):
        convert.to_info(seen, layout=HEAD)


def test_sources_become_estimates_in_ampere_metres(run):
    truth = np.asarray(run["activity"].values, float)
    stc = convert.to_vol_source_estimate(run, "activity")
    length = np.linalg.norm(truth.reshape(50, N, 3), axis=2)
    np.testing.assert_allclose(stc.data.T, 1e-9 * length, rtol=1e-12)
    assert stc.tmin == pytest.approx(-0.1) and stc.sfreq == pytest.approx(100.0)
    src = forward_of(convert.to_info(run))["src"]
    same = convert.to_vol_source_estimate(run, "activity", vertices=src)
    np.testing.assert_array_equal(same.data, stc.data)
    np.testing.assert_array_equal(same.vertices[0], src[0]["vertno"])
    halves = [np.arange(5), np.arange(10, 21)]
    both = convert.to_source_estimate(
        run, "activity", vertices=halves, subject="someone"
    )
    assert both.subject == "someone"
    np.testing.assert_array_equal(both.lh_data, stc.data[:5])
    np.testing.assert_array_equal(both.rh_vertno, halves[1])
    with pytest.raises(ValueError, match="has 48 sources, but the vertices are 7"):
        convert.to_source_estimate(run, "activity", vertices=[[1, 2, 3], [1, 2, 3, 4]])


@pytest.fixture(scope="module")
def forward(run):
    return forward_of(convert.to_info(run))


def evoked_of(forward, info, place, bads=()):
    """What MNE simulates of one dipole upwards, in another order, with bad channels."""
    up = np.zeros((50, N, 3))
    up[20:, place, 2] = 30 * np.sin(np.arange(30) / 4)
    gain = forward["sol"]["data"]
    values = gain @ (1e-9 * up.reshape(50, -1)).T
    noise = np.random.default_rng(0).normal(size=values.shape)
    values = values + 0.02 * np.abs(values).max() * noise
    evoked = mne.EvokedArray(values, info, tmin=-0.2, verbose="error")
    if "eeg" in evoked:
        evoked.data += 1e-5  # against an electrode somewhere else
    evoked.reorder_channels(evoked.ch_names[::-1])
    evoked.info["bads"] = list(bads)
    for name in bads:
        evoked.data[evoked.ch_names.index(name)] = 1.0
    return evoked


def scanned(made, n_components=3):
    """The location whose dipole explains most of the field."""
    field, gain = (np.asarray(made[n].values, float) for n in ("field", "gain"))
    left = []
    for columns in np.split(gain, N, axis=1):
        basis = np.linalg.qr(columns)[0]
        left.append(np.linalg.norm(field.T - basis @ (basis.T @ field.T)))
    return int(np.argmin(left))


def test_measured_data_stand_where_a_simulation_stands(run, forward):
    evoked = evoked_of(forward, convert.to_info(run), 7, bads=("E3", "E9"))
    step = convert.from_evoked(evoked, forward)
    made = js.simulate(js.Pipeline(measured=step), jax.random.key(0))
    good = tuple(n for n in HEAD.sensors if n not in ("E3", "E9"))
    assert made["field"].labels_of("sensor") == good
    assert made["gain"].labels_of("sensor") == good
    assert made["field"].card.unit == "uV" and made["gain"].card.unit == "uV/nAm"
    volts = evoked.copy().reorder_channels(list(good)).data
    expected = 1e6 * (volts - volts.mean(0))
    np.testing.assert_allclose(made["field"].values.T, expected, atol=1e-5)
    np.testing.assert_allclose(made["field"].clock.times(50), evoked.times, atol=1e-7)
    np.testing.assert_allclose(made["source_positions"].values, PLACES, atol=1e-7)
    assert scanned(made) == 7


def test_a_raw_recording_can_be_estimated_too(run, forward):
    evoked = evoked_of(forward, convert.to_info(run), 4)
    raw = mne.io.RawArray(evoked.data, evoked.info, verbose="error")
    step = convert.from_raw(raw, forward)
    assert step.rate_hz == 100.0 and step.start_s == 0.0
    assert scanned(js.simulate(js.Pipeline(raw=step), jax.random.key(0))) == 4


def test_projections_of_the_data_are_taken_from_the_gain(magnetic):
    info = convert.to_info(magnetic)
    forward = forward_of(info)
    evoked = evoked_of(forward, info, 5)
    noisy = mne.EvokedArray(
        np.random.default_rng(1).normal(size=(24, 200)), evoked.info, verbose="error"
    )
    away = mne.compute_proj_evoked(noisy, n_mag=2, verbose="error")
    evoked.add_proj(away, verbose="error").apply_proj(verbose="error")
    made = js.simulate(convert.from_evoked(evoked, forward, "meg"), jax.random.key(0))
    gain = np.asarray(made["gain"].values)
    assert made["gain"].card.unit == "fT/nAm" and np.linalg.matrix_rank(gain) == 22
    names = list(made["gain"].labels_of("sensor"))
    for projection in away:
        rows = [projection["data"]["col_names"].index(n) for n in names]
        seen = projection["data"]["data"][0, rows] @ gain
        assert np.abs(seen).max() < 1e-5 * np.abs(gain).max()
    assert scanned(made) == 5


def test_data_of_other_channels_are_refused(run, forward, magnetic):
    with pytest.raises(ValueError, match=r"no EEG channel of the forward .*\(M23, M22"):
        convert.from_evoked(evoked_of(forward, convert.to_info(magnetic), 1), forward)


def test_minimum_norm_of_mne_runs_on_our_field(run, forward):
    evoked = convert.to_evoked(run)
    noise = mne.make_ad_hoc_cov(evoked.info, {"eeg": 1e-7}, verbose="error")
    inverse = mne.minimum_norm.make_inverse_operator(
        evoked.info, forward, noise, loose=1.0, depth=None, fixed=False, verbose="error"
    )
    stc = mne.minimum_norm.apply_inverse(evoked, inverse, 1e-6, "sLORETA")
    truth = convert.to_vol_source_estimate(run, "activity", vertices=forward)
    peak = np.unravel_index(truth.data.argmax(), truth.data.shape)
    assert stc.data[:, peak[1]].argmax() == peak[0]


def test_gamma_map_finds_the_dipole_that_mne_simulated(run, forward):
    process = js.Pipeline(
        measured=convert.from_evoked(
            evoked_of(forward, convert.to_info(run), 7), forward
        ),
        level=meeg.BaselineNoise(),
        map=js.GammaMap(n_orient=3, tol=1e-4),
    )
    stc = convert.to_vol_source_estimate(
        js.simulate(process, jax.random.key(0)), vertices=forward
    )
    place, moment = stc.get_peak(vert_as_index=True)
    assert place == 7
    assert stc.data.max() == pytest.approx(30e-9, rel=0.15)
    assert stc.tmin == pytest.approx(-0.2)


@pytest.fixture
def bids():
    pytest.importorskip("pybv", reason="needs pybv: the extra mne")
    return pytest.importorskip("mne_bids", reason="needs MNE-BIDS: the extra mne")


def test_a_bids_data_set_is_read_back_with_its_truth(run, runs, bids, tmp_path):
    root = convert.to_bids({"01": run, "02": runs}, tmp_path / "set", task="erp")
    path = bids.BIDSPath(subject="01", task="erp", datatype="eeg", root=root)
    raw = bids.read_raw_bids(path, verbose="error")
    assert tuple(raw.ch_names) == HEAD.sensors and raw.info["sfreq"] == 100.0
    field = np.asarray(run["field"].values, float)
    np.testing.assert_allclose(
        raw.get_data().T, 1e-6 * field, atol=1e-12 * np.abs(field).max()
    )
    assert raw.annotations.description.tolist() == ["stimulus"]
    assert raw.annotations.onset[0] == pytest.approx(0.1)
    at = raw.get_montage().get_positions()["ch_pos"]["E5"]
    np.testing.assert_allclose(at, HEAD.positions_m[4], atol=1e-6)
    told = json.loads(next((root / "sub-01").rglob("*_eeg.json")).read_text())
    assert told["EEGReference"] == "average" and told["Manufacturer"] == "simulated"
    second = path.copy().update(subject="02", run="06")
    last = bids.read_raw_bids(second, verbose="error").get_data()
    expected = np.asarray(runs["field"].values).reshape(6, 50, 24)[5]
    np.testing.assert_allclose(last.T, 1e-6 * expected, atol=1e-11)
    truth = root / "derivatives/jaxsim/sub-02/sub-02_task-erp_desc-truth.zarr"
    np.testing.assert_array_equal(
        js.load(truth)["activity"].values, runs["activity"].values
    )


def test_fields_of_meg_become_fif(magnetic, bids, tmp_path):
    root = convert.to_bids(magnetic, tmp_path / "set", task="erp", session="a")
    path = bids.BIDSPath("01", "a", "erp", datatype="meg", root=root)
    raw = bids.read_raw_bids(path, verbose="error")
    expected = convert.to_evoked(magnetic)
    np.testing.assert_allclose(raw.get_data(), expected.data, atol=1e-18)
    np.testing.assert_allclose(
        raw.info["chs"][3]["loc"], expected.info["chs"][3]["loc"], atol=1e-6
    )


def test_a_data_set_is_whole_or_not_there(run, bids, tmp_path, monkeypatch):
    root = convert.to_bids(run, tmp_path / "set", task="erp")
    before = sorted(p.relative_to(root) for p in root.rglob("*"))
    with pytest.raises(FileExistsError, match="exists already"):
        convert.to_bids(run, root, task="erp")
    for name, label in (("task", "an erp"), ("subject", "no-1")):
        with pytest.raises(ValueError, match="letters and digits only"):
            convert.to_bids(run, tmp_path / "new", **{"task": "erp", name: label})
    write = bids.write_raw_bids

    def fail(raw, path, **more):
        write(raw, path, **more)
        raise OSError("no room")

    monkeypatch.setattr(bids, "write_raw_bids", fail)
    for target in (root, tmp_path / "new"):
        with pytest.raises(OSError, match="no room"):
            convert.to_bids(run, target, task="other", overwrite=True)
    assert [p.name for p in tmp_path.iterdir()] == ["set"]
    assert sorted(p.relative_to(root) for p in root.rglob("*")) == before
    monkeypatch.undo()
    (tmp_path / "mine").mkdir()
    with pytest.raises(FileExistsError, match="not written by jaxsim"):
        convert.to_bids(run, tmp_path / "mine", task="erp", overwrite=True)
    convert.to_bids(run, root, task="other", overwrite=True)
    assert any("task-other" in p.name for p in root.rglob("*.vhdr"))
