"""Run by the Python of an environment with experanto: some chunks of a folder.

usage: python experanto_chunks.py REQUEST.json OUT.npz, where the request has root,
config (its modality_config), how (more arguments of its ChunkDataset), indices (or how
many to draw), and times (rounds of timing; 0 for none).
"""

import json
import statistics
import sys
import time
import warnings

import numpy as np


warnings.filterwarnings("ignore")


def shim():
    """torchvision wheels are CUDA builds: a CPU torch lacks their operations.

    Declaring two of them lets its transforms be imported.
    """
    import torch

    for name in ("nms", "qnms"):
        form = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
        torch.library.define(f"torchvision::{name}", form)


def main():
    with open(sys.argv[1]) as stream:
        request = json.load(stream)
    try:
        import torchvision  # noqa: F401
    except RuntimeError:
        for name in [n for n in sys.modules if n.startswith("torchvision")]:
            del sys.modules[name]
        shim()
    from experanto.datasets import ChunkDataset
    from omegaconf import OmegaConf

    config = OmegaConf.create(request["config"])
    began = time.perf_counter()
    chunks = ChunkDataset(request["root"], modality_config=config, **request["how"])
    out = {"init_s": time.perf_counter() - began, "n": len(chunks)}
    out["starts"] = chunks._valid_screen_times
    indices = request["indices"]
    if isinstance(indices, int):
        rng = np.random.default_rng(0)
        indices = rng.integers(0, len(chunks), indices).tolist()
    out["indices"] = np.array(indices, int)
    for i in indices:
        for name, values in chunks[i].items():
            if name == "timestamps":
                for modality, times in values.items():
                    out[f"{i}/timestamps/{modality}"] = times.numpy()
            elif not request.get("times"):
                out[f"{i}/{name}"] = values.numpy()
    if request.get("times"):
        out["seconds"] = [
            timed(chunks, i) for _ in range(request["times"]) for i in indices
        ]
        out["median_s"] = statistics.median(out["seconds"])
    np.savez(sys.argv[2], **out)


def timed(chunks, i):
    began = time.perf_counter()
    chunks[i]
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
