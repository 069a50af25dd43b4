"""Numbers of CaliBrain 1.0.3 (BSD-3) for the estimators' tests.

    python -m venv /tmp/calibrain && /tmp/calibrain/bin/pip install calibrain==1.0.3
    /tmp/calibrain/bin/python benchmarks/peers/calibrain_reference.py OUT.npz

Small problems in closed form, no random numbers; all of it in float64. What CaliBrain
has wrong (the covariance of its eLORETA) is computed here by hand, for a check against
code that is not ours.
"""

import sys

import calibrain.source_estimation as peer
import numpy as np


M, N, T, NOISE = 8, 20, 12, 0.005


def problem():
    """Fixed orientation: 8 sensors, 20 sources of which 3 are active."""
    i, j = np.meshgrid(np.arange(1, M + 1), np.arange(1, N + 1), indexing="ij")
    gain = np.cos(0.37 * i * j) + 0.3 * np.sin(1.1 * i + 0.5 * j)
    t, k = np.arange(T), np.arange(N)
    x = np.zeros((N, T))
    x[3] = 5 * np.sin(2 * np.pi * t / T)
    x[11] = -3 * np.cos(2 * np.pi * t / T)
    x[17] = 2 * np.sin(4 * np.pi * t / T)
    y = gain @ x + 0.1 * np.sin(7.3 * (np.arange(M)[:, None] + 1) * (t[None] + 1))
    ring = [0.06 * np.cos(0.9 * k), 0.06 * np.sin(0.9 * k), 0.004 * k]
    return gain, x, y, np.stack(ring, 1)


def free_problem(n_orient):
    """Free orientation: 10 sensors, 6 locations."""
    shape = np.arange(1, 11), np.arange(1, 6 * n_orient + 1)
    i, j = np.meshgrid(*shape, indexing="ij")
    gain = np.cos(0.41 * i * j) + 0.2 * np.sin(0.7 * i - 0.3 * j)
    t = np.arange(T)
    x = np.zeros((6 * n_orient, T))
    x[n_orient] = np.sin(2 * np.pi * t / T) * 4
    x[n_orient + 1] = 2 * np.cos(2 * np.pi * t / T)
    noise = 0.1 * np.sin(7.3 * (np.arange(10)[:, None] + 1) * (t[None] + 1))
    return gain, gain @ x + noise


def eloreta(gain, y, steps=200):
    """eLORETA of signal to noise 1 and its posterior, as the paper has it."""
    white = gain / np.sqrt(NOISE)

    def scaled(weights):
        return weights / (np.trace((white * weights) @ white.T) / M)

    weights = scaled(np.ones(N))
    for _ in range(steps):
        inverse = np.linalg.inv((white * weights) @ white.T + np.eye(M))
        weights = scaled(1 / np.sqrt(np.sum(white * (inverse @ white), 0)))
    inverse = np.linalg.inv((white * weights) @ white.T + np.eye(M))
    seen = weights[:, None] * white.T
    cov = np.diag(weights) - seen @ inverse @ seen.T
    return seen @ inverse @ y / np.sqrt(NOISE), cov, weights


def main(path):
    """Run everything and write it."""
    gain, x, y, places = problem()
    out = {"A_L": gain, "A_x": x, "A_y": y, "A_src": places, "A_noise_var": NOISE}

    def put(name, found, *keys, **more):
        for key in keys:
            out[f"{name}_{key}"] = found[more.get(key, key)]

    all_of = {"gamma": "gammas_full", "mean": "posterior_mean", "cov": "posterior_cov"}
    known = {"L": gain, "y": y, "noise_var": NOISE}
    for mode in (1, 2, 3):
        found = peer.gamma_map(**known, max_iter=25, tol=0.0, update_mode=mode)
        put(f"A_gm_mode{mode}_it25", found, "gamma", "mean", **all_of)
        out[f"A_gm_mode{mode}_it25_vardiag"] = np.diag(found["posterior_cov"])
    found = peer.gamma_map(**known, max_iter=20000, tol=1e-10)
    put("A_gm_conv", found, "gamma", "mean", "cov", **all_of)
    put("A_gm_conv", found, "active", "niter", active="active_indices", niter="n_iter")
    for name in ("sym", "row", None):
        basis = peer.compute_B(sigma=0.02, src_coords=places, normalize=name)
        out[f"A_B_{name or 'none'}"] = basis.toarray()
    bumps = {"sigma": 0.02, "src_coords": places, "max_iter": 25, "tol": 0.0}
    found = peer.gamma_map_sflex(**known, **bumps)
    put("A_sflex_it25", found, "gamma", "mean", "cov", **all_of)
    found = peer.gamma_lambda_map_sflex(L=gain, y=y, **bumps)
    put("A_gl_sflex_it25", found, "gamma", "mean", "lambdas", **all_of)
    plain = {"max_iter": 25, "tol": 0.0, "update_mode_noise": 1}
    found = peer.gamma_lambda_map(L=gain, y=y, **plain)
    put("A_gl_em_it25", found, "gamma", "mean", "lambdas", **all_of)
    one = all_of | {"gamma": "gamma"}
    for normed in (False, True):
        found = peer.BMN(**known, normalization=normed)
        put(f"A_bmn_norm{int(normed)}", found, "gamma", "mean", "cov", **one)
    found = peer.BMN_joint(L=gain, y=y)
    put("A_bmnj", found, "gamma", "lambda", "mean", **one)
    out["A_elor_ref_mean"], out["A_elor_ref_cov"], out["A_elor_ref_R"] = eloreta(
        gain, y
    )
    for n_orient in (2, 3):
        gain, y = free_problem(n_orient)
        at = f"F{n_orient}"
        out[f"{at}_L"], out[f"{at}_y"] = gain, y
        known = {"L": gain, "y": y, "noise_var": NOISE, "n_orient": n_orient}
        found = peer.gamma_map(**known, max_iter=25, tol=0.0)
        put(f"{at}_gm_it25", found, "gamma", "mean", "cov", **all_of)
        found = peer.BMN(**known, normalization=True)
        put(f"{at}_bmn", found, "mean", "cov", **one)
    np.savez_compressed(path, **out)


if __name__ == "__main__":
    main(sys.argv[1])
