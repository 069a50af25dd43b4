"""The converter beside what the BrainPy program computed (tests/reference)."""

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from benchmarks.peers import brainpy_wendling_reference as peer
from jaxsim.convert import brainpy_wendling as wendling


STORED = Path(__file__).parents[1] / "reference" / "brainpy_wendling.npz"
STRIDE = slice(peer.STRIDE - 1, None, peer.STRIDE)

TOLERANCE_MV = 5e-4  # float32 over 5,000 steps of up to 20 mV; 2e-4 was seen


@pytest.fixture(scope="module")
def known():
    with np.load(STORED) as arrays:
        return dict(arrays)


@pytest.mark.parametrize("name", peer.configurations())
def test_in_compatible_mode_the_field_is_that_of_the_program(name, known):
    check_field(name, known)


def check_field(name, known):
    result = wendling.simulate(**peer.configurations()[name], compat=True)
    assert result.lfp.dtype == np.float32
    expected = known[f"lfp/{name}"]
    assert result.lfp[STRIDE].shape == expected.shape
    apart = np.abs(result.lfp[STRIDE] - expected).max()
    assert apart < TOLERANCE_MV, f"{name}: {apart:.2e} mV apart"


def test_all_ten_states_are_those_of_the_program(known):
    result = wendling.simulate(**peer.configurations()["states_of_a_ring"], compat=True)
    for name in (f"y{i}" for i in range(10)):
        expected = known[f"states/{name}"]
        size = np.abs(expected).max()
        np.testing.assert_allclose(
            result.states[name][STRIDE], expected, rtol=0, atol=2e-4 * size
        )


def test_times_stand_at_the_start_of_a_step_in_compatible_mode(known):
    result = wendling.simulate(**peer.configurations()["three"], compat=True)
    np.testing.assert_allclose(result.t[:3], known["t_s"], atol=1e-9)


@pytest.mark.parametrize("name", peer.matrices())
def test_generators_draw_the_matrix_of_the_program(name, known):
    found = wendling.load_connectivity(peer.matrices()[name], compat=True)
    np.testing.assert_array_equal(found.W, known[f"matrix/{name}"])


@pytest.mark.parametrize("name", peer.noisy())
def test_noise_spreads_the_field_as_in_the_program(name, known):
    result = wendling.simulate(**peer.noisy()[name], compat=True)
    lfp = result.lfp[len(result.lfp) // 2 :]
    mean, spread = known[f"spread/{name}"]
    assert lfp.mean() == pytest.approx(mean, abs=0.02)
    # 40 nodes, but one draw for all where it is shared
    assert lfp.std(axis=0).mean() == pytest.approx(
        spread, rel=0.6 if name == "shared" else 0.04
    )
    alike = np.ptp(lfp, axis=1).max() < 1e-6
    assert alike == (name == "shared")


@pytest.mark.parametrize("roi", ["none", "mean", "subset"])
def test_spectra_are_those_of_the_program(roi, known):
    found = wendling.compute_psd(
        peer.signals(), 1000.0, nperseg=1500, roi=roi, roi_nodes=[2, 0]
    )
    expected = known[f"psd/{roi}"]
    np.testing.assert_allclose(found.psd, expected, rtol=2e-4, atol=1e-9)
    assert found.peak_freq == pytest.approx(float(known[f"peak/{roi}"]))


def test_default_segments_and_decibels_are_those_of_the_program(known, x64):
    found = wendling.compute_psd(peer.signals()[:, 0], 1000.0)
    np.testing.assert_allclose(found.psd, known["psd/default"], rtol=1e-9, atol=1e-25)
    np.testing.assert_allclose(
        wendling.psd_to_db(found.psd), known["psd/db"], rtol=1e-9
    )


@pytest.mark.parametrize(
    "name, options",
    [
        ("psd_mse", {}),
        ("psd_mse", {"freq_range": (1, 50)}),
        ("weighted_psd_mse", {}),
        ("weighted_psd_mse", {"roi_band": (8, 13), "roi_weight": 5.0}),
    ],
)
def test_losses_are_those_of_the_program(name, options, known, x64):
    psd = [wendling.compute_psd(peer.signals()[:, i], 1000.0) for i in (0, 1)]
    loss = wendling.build_loss(name, **options)
    found = loss(psd[0].psd[:, 0], psd[1].psd[:, 0], psd[0].freqs)
    expected = known["loss/" + "_".join([name, *options])]
    assert float(found) == pytest.approx(float(expected), rel=1e-9)


@pytest.mark.slow
def test_the_program_still_computes_what_is_stored(tmp_path, known):
    checkout = os.environ.get("JAXSIM_PEER_WENDLING")
    python = os.environ.get("JAXSIM_PEER_PYTHON")
    if not (checkout and python):
        pytest.skip(
            "JAXSIM_PEER_WENDLING (a checkout of brainPy-wendling) and "
            "JAXSIM_PEER_PYTHON (an interpreter with brainpy) are not set"
        )
    out = tmp_path / "now.npz"
    subprocess.run([python, peer.__file__, checkout, str(out)], check=True)
    with np.load(out) as arrays:
        now = dict(arrays)
    assert set(now) == set(known)
    for name in peer.configurations():
        check_field(name, now)
        apart = np.abs(now[f"lfp/{name}"] - known[f"lfp/{name}"]).max()
        assert apart < 1e-2, name  # another processor rounds otherwise
