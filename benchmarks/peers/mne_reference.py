"""Numbers of MNE-Python (BSD-3) for the tests of the linear estimators.

    python -m venv /tmp/mne && /tmp/mne/bin/pip install mne==1.13.2
    /tmp/mne/bin/python benchmarks/peers/mne_reference.py OUT.npz

18 electrodes of the 10-20 system, 12 dipoles in a sphere of four shells, free and fixed
orientation; no random numbers. In uV and nAm, source-major.
"""

import sys

import mne
import numpy as np


SNR, NOISE_UV2, REG, N_TIMES = 3.0, 0.04, 0.05, 40


def forward():
    """Electrodes, and dipoles on a spiral of 5 to 7 cm around the head's centre."""
    montage = mne.channels.make_standard_montage("standard_1020")
    names = "Fp1 Fp2 F7 F3 Fz F4 F8 T7 C3 Cz C4 T8 P7 P3 Pz P4 P8 Oz".split()
    info = mne.create_info(names, 100.0, "eeg", verbose=False)
    info.set_montage(montage)
    k = np.arange(12)
    height, around = 1 - (k + 0.5) / 12, 2.4 * k
    level = np.sqrt(1 - height**2)
    normal = np.stack([level * np.cos(around), level * np.sin(around), height], 1)
    sphere = mne.make_sphere_model("auto", "auto", info, verbose=False)
    places = sphere["r0"] + normal * (0.05 + 0.02 * np.cos(k))[:, None]
    turned = normal + 0.5 * np.roll(normal, 1, axis=1)
    turned /= np.linalg.norm(turned, axis=1, keepdims=True)
    source_space = mne.setup_volume_source_space(
        pos={"rr": places, "nn": turned}, verbose=False
    )
    found = mne.make_forward_solution(
        info, None, source_space, sphere, meg=False, verbose=False
    )
    return info, found


def recording(info, fixed):
    """An evoked field of two sources and noise, average reference."""
    t = np.arange(N_TIMES)
    sources = np.zeros((12, N_TIMES))
    sources[4], sources[9] = 30 * np.sin(0.3 * t), 20 * np.cos(0.5 * t)
    gain = fixed["sol"]["data"] * 1e-3
    place = np.arange(1, len(gain) + 1)[:, None]
    field = gain @ sources + 0.3 * np.sin(7.3 * place * (t[None] + 1))
    evoked = mne.EvokedArray(field * 1e-6, info, verbose=False)
    evoked.set_eeg_reference(projection=True, verbose=False)
    return evoked.apply_proj(verbose=False)


def main(path):
    """Run every method and write it."""
    info, free = forward()
    fixed = mne.convert_forward_solution(
        free, surf_ori=True, force_fixed=True, verbose=False
    )
    evoked = recording(info, fixed)
    out = {"field": evoked.data.T * 1e6, "noise_variance": NOISE_UV2}
    out |= {"snr": SNR, "reg": REG}
    noise = mne.Covariance(
        np.full(18, NOISE_UV2 * 1e-12), info["ch_names"], [], info["projs"], 1
    )
    centred = evoked.data - evoked.data.mean(1, keepdims=True)
    power = centred @ centred.T / (N_TIMES - 1)
    data_cov = mne.Covariance(
        power, info["ch_names"], [], evoked.info["projs"], N_TIMES - 1
    )
    for name, solution, loose in (("fixed", fixed, 0.0), ("free", free, 1.0)):
        gain = solution["sol"]["data"] * 1e-3
        out[f"{name}_gain"] = gain - gain.mean(0)
        inverse = mne.minimum_norm.make_inverse_operator(
            evoked.info,
            solution,
            noise,
            loose=loose,
            depth=None,
            verbose=False,
            **({"fixed": True} if name == "fixed" else {}),
        )
        for method in ("MNE", "dSPM", "sLORETA", "eLORETA"):
            more = {"pick_ori": "vector"} if name == "free" else {}
            params = {"max_iter": 200, "eps": 1e-12}
            if method == "eLORETA":
                more["method_params"] = params | {"force_equal": False}
            found = mne.minimum_norm.apply_inverse(
                evoked, inverse, 1 / SNR**2, method, verbose=False, **more
            )
            unit = 1e9 if method in ("MNE", "eLORETA") else 1.0
            out[f"{name}_{method}"] = found.data.reshape(-1, N_TIMES).T * unit
        norms = (None, "unit-noise-gain") if name == "fixed" else (None,)
        for norm in norms:
            filters = mne.beamformer.make_lcmv(
                evoked.info,
                solution,
                data_cov,
                reg=REG,
                weight_norm=norm,
                noise_cov=None if norm is None else noise,
                pick_ori="vector" if name == "free" else None,
                verbose=False,
            )
            found = mne.beamformer.apply_lcmv(evoked, filters, verbose=False)
            key = f"{name}_lcmv" if norm is None else f"{name}_lcmv_noise"
            unit = 1e9 if norm is None else 1.0
            out[key] = found.data.reshape(-1, N_TIMES).T * unit
    np.savez_compressed(path, **out)


if __name__ == "__main__":
    main(sys.argv[1])
