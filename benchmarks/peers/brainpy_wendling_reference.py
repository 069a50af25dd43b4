"""What brainPy-wendling (MIT) computes, for tests of the converter. Knows no jaxsim.

    python brainpy_wendling_reference.py CHECKOUT OUT.npz

Run by an interpreter that holds brainpy (2.8.2 was used, with commit d3fdd8f) it
writes the field potentials of the configurations below, every `STRIDE`-th step, the
matrices of its generators, and what its spectra and losses give. `tests/reference/`
keeps a copy.
"""

import sys
from pathlib import Path


STRIDE = 50
RING = ((0.0, 0.5, 1.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
LOOPS = ((7.0, 0.5, 1.0), (1.0, 7.0, 0.0), (0.0, 1.0, 7.0))
NAMES = ("erdos_renyi", "ring_lattice", "small_world", "stochastic_block_model")


def made_by_hand(n_nodes, seed, shift=1):
    """A builder: a ring in one direction."""
    import numpy as np

    weights = np.roll(np.eye(n_nodes), shift, axis=0) * (1.0 + (seed or 0))
    return weights, [f"n{i}" for i in range(n_nodes)], {"note": "a ring"}


def generator(name, seed=123, **options):
    return {"name": name, "options": {"seed": seed, **options}}


def quiet(duration_ms=500.0, **more):
    """A deterministic run: no noise."""
    sim = {"dt_ms": 0.1, "duration_ms": duration_ms, "jit": True, "integrator": "rk4"}
    given = {"sim_cfg": sim, "noise_cfg": {"seed": 0, "p_sigma": 0.0}}
    return {**given, **more}


def configurations():
    """Name -> the dicts of one deterministic run."""
    gains = [(50, 15), (40, 15), (25, 15), (10, 15), (5, 25), (15, 0)]
    found = {
        f"Type{i}": quiet(model_cfg={"A": 5.0, "B": float(B), "G": float(G)})
        for i, (B, G) in enumerate(gains, start=1)
    }
    per_node = {"B": [22.0, 25.0, 30.0]}
    found["three"] = quiet(model_cfg=per_node, network_cfg={"W": RING, "G_net": 10.0})
    found["three_loops_max"] = quiet(
        model_cfg=per_node,
        network_cfg={
            "W": LOOPS, "G_net": 2.0, "normalize": "MAX", "remove_self_loops": False,
        },
    )  # fmt: skip
    found["three_raw"] = quiet(
        model_cfg={**per_node, "p_mean": [80.0, 90.0, 100.0]},
        network_cfg={"W": LOOPS, "G_net": 3.0, "normalize": "none"},
    )
    found["erdos_renyi_20"] = quiet(
        2000.0,
        network_cfg={
            "n_nodes": 20,
            "generator": generator(
                "erdos_renyi", p=0.2, weight_dist="lognormal", weight_scale=0.8
            ),
            "normalize": "row_sum", "remove_self_loops": True, "G_net": 0.8,
        },
    )  # fmt: skip
    found["states_of_a_ring"] = quiet(
        200.0,
        network_cfg={
            "n_nodes": 4,
            "generator": generator("ring_lattice"),
            "G_net": 5.0,
        },
        monitor_cfg={"variables": [f"y{i}" for i in range(10)]},
    )
    found["random_start"] = quiet(
        model_cfg={"random_init": True, "init_seed": 5},
        network_cfg={
            "n_nodes": 5, "generator": generator("small_world", k=2), "G_net": 1.0,
        },
    )  # fmt: skip
    found["given_start"] = quiet(
        model_cfg={
            "y0_init": 0.1, "y1_init": [1.0, 2.0], "y3_init": 0.5, "y6_init": 10.0,
        },
        network_cfg={"W": [[0.0, 1.0], [1.0, 0.0]], "G_net": 1.0},
    )  # fmt: skip
    found["single_start_is_ignored"] = quiet(200.0, model_cfg={"y1_init": 5.0})
    found["builder"] = quiet(
        network_cfg={
            "n_nodes": 4, "builder": made_by_hand, "seed": 3,
            "builder_kwargs": {"shift": 2}, "G_net": 4.0,
        }
    )  # fmt: skip
    found["coarse"] = quiet(200.0)
    found["coarse"]["sim_cfg"]["dt_ms"] = 0.5
    return found


def matrices():
    """Name -> the `network_cfg` of a generated matrix."""
    more = {
        "erdos_renyi": {"p": 0.3, "symmetric": True, "weight_dist": "normal"},
        "ring_lattice": {"k": 5, "weight": 2.0, "weight_dist": "lognormal"},
        "small_world": {"k": 4, "beta": 0.5, "weight_dist": "uniform"},
        "stochastic_block_model": {"n_blocks": 3, "p_in": 0.8, "p_out": 0.2},
    }
    found = {}
    for name in NAMES:
        for label, options in (("plain", {}), ("more", more[name])):
            found[f"{name}_{label}"] = {
                "n_nodes": 11,
                "generator": generator(name, seed=7, **options),
                "normalize": "none",
            }
    return found


def noisy():
    """Name -> a network of unconnected nodes whose spread is compared."""
    net = {"n_nodes": 40, "G_net": 0.0}
    sim = {"dt_ms": 0.1, "duration_ms": 4000.0}
    model = {"A": 5.0, "B": 10.0, "G": 15.0, "p_sigma": 30.0}
    ways = {
        "gaussian": {},
        "uniform": {"mode": "uniform"},
        "shared": {"shared": True},
        "coarse": {},
    }
    found = {}
    for name, noise in ways.items():
        step = {"dt_ms": 0.5} if name == "coarse" else {}
        found[name] = {
            "sim_cfg": sim | step, "model_cfg": model, "network_cfg": net,
            "noise_cfg": {"seed": 1, **noise},
        }  # fmt: skip
    return found


def signals():
    """What spectra are taken of."""
    import numpy as np

    times = np.arange(8000) / 1000.0
    waves = [np.sin(2 * np.pi * f * times) + 0.1 * np.cos(2 * np.pi * 31.0 * times)
             for f in (4.0, 10.0, 17.5)]  # fmt: skip
    return np.stack(waves, axis=1)


def main(checkout, out):
    import numpy as np

    sys.path.insert(0, str(Path(checkout) / "src"))
    from wendling_sim import simulate
    from wendling_sim.connectivity.io import load_connectivity
    from wendling_sim.features.psd import compute_psd, psd_to_db
    from wendling_sim.loss.registry import build_loss

    def arrays(cfgs):
        """Lists become arrays: its network multiplies them."""
        model = {
            k: np.asarray(v, np.float32) if isinstance(v, list) else v
            for k, v in cfgs.get("model_cfg", {}).items()
        }
        return {**cfgs, "model_cfg": model}

    found = {"stride": STRIDE}
    for name, cfgs in configurations().items():
        result = simulate(**arrays(cfgs))
        found[f"lfp/{name}"] = np.asarray(result.lfp)[STRIDE - 1 :: STRIDE]
        if name == "states_of_a_ring":
            for state, values in result.states.items():
                found[f"states/{state}"] = values[STRIDE - 1 :: STRIDE]
        if name == "three":
            found["t_s"] = np.asarray(result.t_s)[:3]
    for name, cfg in matrices().items():
        found[f"matrix/{name}"] = load_connectivity(cfg).W
    for name, cfgs in noisy().items():
        lfp = np.asarray(simulate(**cfgs).lfp)
        lfp = lfp[len(lfp) // 2 :]  # without the start
        found[f"spread/{name}"] = np.asarray([lfp.mean(), lfp.std(axis=0).mean()])
    x = signals()
    for roi in ("none", "mean", "subset"):
        psd = compute_psd(x, 1000.0, nperseg=1500, roi=roi, roi_nodes=[2, 0])
        found[f"psd/{roi}"] = psd.psd
        found[f"peak/{roi}"] = psd.peak_freq
    plain = compute_psd(x[:, 0], 1000.0)
    other = compute_psd(x[:, 1], 1000.0)
    found["psd/default"], found["psd/db"] = plain.psd, psd_to_db(plain.psd)
    for name, cfg in (
        ("psd_mse", {}),
        ("psd_mse", {"freq_range": (1, 50)}),
        ("weighted_psd_mse", {}),
        ("weighted_psd_mse", {"roi_band": (8, 13), "roi_weight": 5.0}),
    ):
        loss = build_loss(name, cfg)
        label = "_".join([name, *cfg])
        found[f"loss/{label}"] = loss(plain.psd[:, 0], other.psd[:, 0], plain.freqs)
    np.savez_compressed(out, **found)


if __name__ == "__main__":
    main(*sys.argv[1:])
