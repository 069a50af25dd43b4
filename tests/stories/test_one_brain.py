"""One brain, several recordings: who hears of a pulse, when, and who does not."""

import jax
import numpy as np
import pytest

import jaxsim as js


PULSE_S, DELAY_S = 2.0005, 0.05  # not on a border of ticks, where rounding decides
SIGNALS = ("activity", "field", "bold", "spikes", "trace", "movie")


def brain():
    """Node 0 is stimulated and node 1 hears it; nodes 2 and 3 hear nobody.

    The first cell follows node 0, the second node 3; they lie 40 um apart.
    """
    weights, lengths = np.zeros((4, 4)), np.zeros((4, 4))
    weights[1, 0], lengths[1, 0] = 1.0, 3000.0 * DELAY_S
    network = js.Network(
        model=js.Wendling.preset("alpha"),
        connectome=js.Connectome(weights, lengths),
        coupling=js.LinearCoupling(G=50.0),
        stimulus=js.PulseTrain(
            amplitude=[0.0, 0.0, 0.0, 0.0], start_s=PULSE_S, width_s=0.5
        ),
        monitor=js.TemporalAverage(period_s=4e-3),
        duration_s=12.0,
        dt_s=1e-3,
    )
    places = js.meeg.on_sphere(4)
    electrodes = js.meeg.even_layout(5).positions_m
    return js.Pipeline(
        network=network,
        eeg=js.SphereEeg(places, electrodes, js.meeg.radial(places), n_terms=20),
        blood=js.Haemodynamics(baseline=9.0),
        miniscope=js.imaging.Miniscope(
            magnification=3.0, n_px_height=32, n_px_width=64, n_frames=240
        ),
        neurons=js.imaging.PlaceNeurons(
            positions_um=[[20.0, 0.0, -20.0], [20.0, 0.0, 20.0]],
            soma_radius_um=4.0,
            stamp_px=16,
        ),
        spikes=js.imaging.PoissonSpikes(
            gain_hz=20.0, rest_hz=-180.0, nodes_to_cells=np.eye(4)[[0, 3]]
        ),
        calcium=js.imaging.Calcium(),
        focus=js.imaging.LeastDefocus(),
        optics=js.imaging.Optics(),
        render=js.imaging.Render(patches=((24, 2),)),
        sensor=js.imaging.ImageSensor(photons_per_unit=200.0),
    )


@pytest.fixture(scope="module")
def runs():
    """The same brain and key, without the pulse and with it: one program."""
    quiet, key = brain(), jax.random.key(0)
    loud = js.replace(quiet, {"network.stimulus.amplitude": [100.0, 0.0, 0.0, 0.0]})
    return tuple(js.simulate(process, key, SIGNALS) for process in (quiet, loud))


def change(runs, name):
    """What the pulse changed of a signal, and when: (time, thing), s."""
    quiet, loud = (np.asarray(run[name].values, np.float64) for run in runs)
    return loud - quiet, runs[0][name].clock.times(len(quiet))


def first_change(runs, name, thing):
    """End of the first sample that is not bit for bit the same, s."""
    by, times = change(runs, name)
    return times[np.flatnonzero(by[:, thing])[0]]


def test_a_pulse_is_felt_at_once_then_by_who_hears_it_and_by_nobody_else(runs):
    assert runs[0].ok and runs[1].ok
    period = 4e-3
    assert first_change(runs, "activity", 0) == pytest.approx(2.004)
    heard = first_change(runs, "activity", 1) - PULSE_S
    assert DELAY_S < heard <= DELAY_S + 2 * period
    by, _ = change(runs, "activity")
    assert not by[:, 2:].any()


def test_the_eeg_changes_with_its_sources_and_by_their_fields(runs):
    by, times = change(runs, "field")
    assert times[by.any(axis=1)][0] == first_change(runs, "activity", 0)
    gain = np.asarray(runs[0].process.steps[1].gain())
    expected = change(runs, "activity")[0] @ gain.T
    np.testing.assert_allclose(by, expected, atol=1e-4 * np.abs(expected).max())


def test_blood_follows_some_seconds_later_and_only_where_nerves_did(runs):
    by, times = change(runs, "bold")
    assert not by[times <= PULSE_S].any() and not by[:, 2:].any()
    size = np.abs(by[:, 0])
    assert 2.5 <= times[size.argmax()] - PULSE_S <= 5.5
    assert 0 < size[2] < 0.3 * size.max() and times[2] == 3.0
    assert np.abs(by[:, 1]).max() > 0


def test_cells_of_the_node_glow_after_it_and_cells_of_another_do_not(runs):
    by, times = change(runs, "trace")
    assert not by[:, 1].any() and not by[times <= PULSE_S, 0].any()
    spikes, _ = change(runs, "spikes")
    assert not spikes[:, 1].any() and spikes[:, 0].sum() > 5
    last = times[np.flatnonzero(spikes[:, 0])[-1]]
    peak = times[by[:, 0].argmax()]
    assert PULSE_S + 0.1 < peak <= last + 0.1
    tail = by[times > last + 0.3, 0]  # decays with the indicator's time constant
    np.testing.assert_allclose(tail[10] / tail[0], np.exp(-10 * 0.05 / 0.5), rtol=1e-2)


def test_the_movie_changes_after_the_pulse_where_the_cell_lies(runs):
    by, times = change(runs, "movie")
    assert not by[times <= PULSE_S].any() and not by[:, :, 32:].any()
    assert by[times > PULSE_S + 0.2, :, :32].max() > 5


def test_all_of_it_is_stored_cut_and_exported_together(runs, tmp_path):
    recording = runs[1]
    js.save(recording, tmp_path / "brain.zarr")
    cut = {
        "movie": js.Modality(20, 40),
        "trace": js.Modality(20, 40),
        "activity": js.Modality(250, 500),
        "field": js.Modality(250, 500),
        "bold": js.Modality(1, 2),
    }
    chunks = js.ChunkDataset(tmp_path / "brain.zarr", cut, stride=7)
    for i in (0, len(chunks) // 2, -1):
        sample = chunks[i]
        t0 = float(sample["meta"]["t0_s"])
        for name, modality in cut.items():
            times = recording[name].clock.times(len(recording[name].values))
            at = np.searchsorted(times, t0 + 1e-6, "right") - 1  # the one in force
            expected = np.asarray(recording[name].values)[at : at + modality.chunk]
            np.testing.assert_array_equal(sample[name], expected, err_msg=name)
            assert sample["mask"][name].all()
    names = {"activity": "lfp", "field": "eeg", "trace": "responses"}
    (folder,) = js.export_experanto(
        tmp_path / "brain.zarr", tmp_path / "folder", modality_names=names
    )
    back = js.import_experanto(folder)
    for name in SIGNALS:
        np.testing.assert_array_equal(back[name].values, recording[name].values)
        assert back[name].clock.start_s == recording[name].clock.start_s


def test_a_microscope_behind_a_brain_follows_it():
    network = js.Network(model=js.Wendling.preset("alpha"), duration_s=1.0)
    follow = {"spikes.nodes_to_cells": [[1.0]], "spikes.gain_hz": 3.0}
    size = {"n_frames": 20, "n_px": 64, "changes": follow}
    whole = js.imaging.build("generic", "cortex_l23", behind=network, **size)
    assert whole.names[:2] == ("network", "miniscope")
    assert js.get(whole, "spikes").needs == ("activity", "alive", "canvas")
    twice = js.Pipeline(network=network, sensor=js.Haemodynamics())
    with pytest.raises(ValueError, match="'sensor' names a step of the process that"):
        js.imaging.build("generic", "cortex_l23", behind=twice, **size)
