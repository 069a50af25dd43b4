"""Streams for torch: an IterableDataset whose tensors are JAX's own memory."""

import multiprocessing.context
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from jaxsim.core.installed import needed
from jaxsim.data.samples import by_name


if TYPE_CHECKING:
    from jaxsim.data.stream import Stream


def torch_face(stream: "Stream") -> Any:
    """A `torch.utils.data.IterableDataset` of batches: tensors by name, and `status`.

    ```python
    loader = torch.utils.data.DataLoader(stream.torch(), batch_size=None)
    for batch in loader:
        loss = model(batch["movie"]) - batch["miniscope.na"]
    ```

    Batches come ready, so `batch_size` is None. Tensors share memory with JAX (dlpack)
    where one device holds the batch; write into a clone. Worker `w` of `W` makes every
    `W`-th batch, so the loader gives the same batches in the same order for any number
    of workers; they are needed seldom, since a device makes the next batch by itself,
    and must be spawned, as JAX does not survive a fork. `state_dict` and
    `load_state_dict` are those of torchdata's StatefulDataLoader; without workers
    `stream.state_dict()` says the same.

    Raises:
        ModuleNotFoundError: torch is not installed.
    """
    torch = needed("torch", "stream.torch()", None)

    class TorchStream(torch.utils.data.IterableDataset):
        """A stream as torch reads it."""

        def __init__(self, stream: "Stream") -> None:
            self.stream = stream

        def __reduce__(self) -> Any:
            return torch_face, (self.stream,)

        def __iter__(self) -> Iterator[dict[str, Any]]:
            info = torch.utils.data.get_worker_info()
            worker, of = (info.id, info.num_workers) if info else (0, 1)
            if info is not None:
                _refuse_fork()
            for batch in self.stream.shard(worker, of):
                # the state is where all workers go on, this one behind the first
                self.stream.step += of * self.stream.stride
                yield {k: _tensor(torch, v) for k, v in by_name(batch).items()}

        def state_dict(self) -> dict[str, Any]:
            return self.stream.state_dict()

        def load_state_dict(self, state: dict[str, Any]) -> None:
            self.stream.load_state_dict(state)

    return TorchStream(stream)


def _tensor(torch: Any, values: jax.Array) -> Any:
    if len(values.devices()) == 1:
        return torch.from_dlpack(values)
    return torch.from_numpy(np.array(values))


def _refuse_fork() -> None:
    fork = getattr(multiprocessing.context, "ForkProcess", ())
    if isinstance(multiprocessing.current_process(), fork):
        raise RuntimeError(
            "JAX does not survive a fork, and this worker is one. Use DataLoader(..., "
            "multiprocessing_context='spawn'), or no workers."
        )
