"""What the noisy types look like: means, spreads, bands, peaks; and spikes of Type2.

Medians over six seeds, 20 s after 2 s, Welch with 2 s Hann windows, computed by an
independent NumPy program with Euler at 0.1 ms and 30 per step.
"""

import numpy as np
import pytest
from scipy.signal import welch

import jaxsim as js


SEEDS = 6
# mean, sd, peak Hz (None: broad), power fractions of 1-4, 4-8, 8-13, 13-30, 30-50 Hz
SIGNATURES = {
    "Type1": (-0.58, 0.077, None, (0.26, 0.32, 0.18, 0.19, 0.04)),
    "Type2": (0.87, 0.097, None, (0.51, 0.28, 0.09, 0.11, 0.02)),
    "Type3": (1.52, 5.42, 4.5, (0.00, 0.74, 0.17, 0.09, 0.00)),
    "Type4": (9.02, 0.083, 10.5, (0.02, 0.11, 0.52, 0.30, 0.03)),
    "Type5": (10.87, 0.058, None, (0.11, 0.14, 0.19, 0.47, 0.08)),
    "Type6": (8.27, 3.65, 11.0, (0.00, 0.00, 1.0, 0.00, 0.00)),
}


def run(key, seconds, p_sigma=30.0, names=tuple(SIGNATURES), **more):
    """Six unconnected nodes per type, at 1 kHz: (time, type, seed)."""
    kinds = [js.Wendling.preset(name) for name in names]
    parts = {
        name: np.repeat([float(getattr(kind, name)) for kind in kinds], SEEDS)
        for name in "ABG"
    }
    n = SEEDS * len(names)
    network = js.Network(
        model=js.Wendling(p_sigma=p_sigma, **parts),
        connectome=js.Connectome(weights=np.zeros((n, n))),
        coupling=js.LinearCoupling(G=0.0),
        monitor=js.Subsample(period_s=1e-3),
        burn_in_s=2.0,
        duration_s=seconds,
        **more,
    )
    lfp = np.asarray(js.simulate(network, key)["activity"].values, float)
    return lfp.reshape(len(lfp), len(names), SEEDS)


def check(lfp):
    frequency, power = welch(
        lfp, fs=1000.0, nperseg=2000, noverlap=1000, detrend="constant", axis=0
    )
    inside = (frequency >= 1) & (frequency <= 50)
    total = power[inside].sum(0)
    for i, (name, (mean, sd, peak, bands)) in enumerate(SIGNATURES.items()):
        wide = name in ("Type3", "Type6")
        assert abs(np.median(lfp[:, i].mean(0)) - mean) < (0.3 if wide else 0.05), name
        assert abs(np.median(lfp[:, i].std(0)) / sd - 1) < 0.10, name
        edges = ((1, 4), (4, 8), (8, 13), (13, 30), (30, 50.01))
        for (low, high), expected in zip(edges, bands, strict=True):
            band = (frequency >= low) & (frequency < high)
            found = np.median(power[band][:, i].sum(0) / total[i])
            assert abs(found - expected) < 0.06, (name, low, found)
        if peak is not None:
            at = np.median(frequency[inside][power[inside][:, i].argmax(0)])
            assert abs(at - peak) <= 0.5, name


def test_the_six_types_with_intensity_noise_and_heun_at_1_ms(getkey):
    check(run(getkey(), 20.0, dt_s=1e-3))


@pytest.mark.slow
def test_the_six_types_with_per_step_noise_and_euler_at_0p1_ms(getkey):
    noise = js.WhiteNoise(sigma=30.0, scaling="per_step")
    check(run(getkey(), 20.0, dt_s=1e-4, solver=js.Euler(), noise=noise))


def spikes_per_second(lfp, seconds):
    """Excursions of Type2 beyond what its linear response to the noise can do."""
    up = (lfp[1:] > 4.0) & (lfp[:-1] <= 4.0)
    return up.sum(0).mean() / seconds


def test_type2_spikes_when_the_noise_is_strong_enough(getkey):
    rates = {
        p_sigma: spikes_per_second(
            run(getkey(), 20.0, p_sigma, names=("Type2",), dt_s=1e-3), 20.0
        )
        for p_sigma in (60.0, 190.0, 300.0)
    }
    assert rates[60.0] == 0.0
    assert 0.8 < rates[190.0] < 2.0
    assert 1.6 < rates[300.0] < 4.0
