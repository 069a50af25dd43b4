"""A training run that may be killed at any moment: `python train_stream.py FOLDER`.

Every step writes a checkpoint of the weights, the optimizer, the stream and the losses
so far, whole or not at all; a new start goes on from the last.
"""

import json
import os
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax

import jaxsim as js
from tests.toys import ToyLeak, ToyNodes


N_STEPS = 40
OPTIMIZER = optax.adam(1e-2)


def data():
    process = js.Pipeline(nodes=ToyNodes(), leak=ToyLeak())
    prior = {"nodes.level": js.uniform(0.5, 2.0)}
    return js.stream(
        process, prior, jax.random.key(11), batch=8, record=("trace",),
        replay=(16, 0.25),
    )  # fmt: skip


@jax.jit
def update(weights, state, batch):
    traces, label = batch["trace"].values[..., 0], batch["nodes.level"].values

    def error(weights):
        return jnp.mean((jnp.tanh(traces @ weights[0]) @ weights[1] - label) ** 2)

    loss, slope = jax.value_and_grad(error)(weights)
    change, state = OPTIMIZER.update(slope, state, weights)
    return optax.apply_updates(weights, change), state, loss


def start():
    keys = jax.random.split(jax.random.key(12))
    weights = [jax.random.normal(keys[0], (12, 16)) / 3, jax.random.normal(keys[1], 16)]
    return weights, OPTIMIZER.init(weights)


def train(folder, until=N_STEPS):
    """Go on to a step, from the checkpoint where there is one; the losses of all."""
    stream, (weights, state), losses = data(), start(), []
    file = Path(folder) / "checkpoint.npz"
    leaves, tree = jax.tree.flatten((weights, state))
    if file.is_file():
        with np.load(file) as kept:
            leaves = [jnp.asarray(kept[f"leaf_{i}"]) for i in range(len(leaves))]
            losses = list(kept["losses"])
            stream.load_state_dict(json.loads(str(kept["stream"])))
        weights, state = jax.tree.unflatten(tree, leaves)
    while len(losses) < until:
        weights, state, loss = update(weights, state, next(stream))
        losses.append(np.asarray(loss))
        kept = {f"leaf_{i}": x for i, x in enumerate(jax.tree.leaves((weights, state)))}
        kept |= {
            "losses": np.asarray(losses),
            "stream": json.dumps(stream.state_dict()),
        }
        with (beside := file.with_suffix(".new")).open("wb") as out:
            np.savez(out, **kept)
            out.flush()
            os.fsync(out.fileno())
        os.replace(beside, file)
        print(len(losses), flush=True)
    return np.asarray(losses)


if __name__ == "__main__":
    train(sys.argv[1])
