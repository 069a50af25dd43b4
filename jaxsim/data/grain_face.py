"""Streams for grain: an IterDataset whose iterators tell and take their state."""

from typing import TYPE_CHECKING, Any

from jaxsim.core.installed import needed
from jaxsim.data.samples import by_name


if TYPE_CHECKING:
    from jaxsim.data.stream import Stream


def grain_face(stream: "Stream") -> Any:
    """A `grain.IterDataset` of batches: JAX arrays by name, and `status`.

    ```python
    iterator = iter(stream.grain().map(augment))
    batch = next(iterator)
    state = iterator.get_state()  # plain numbers; set_state goes on there
    ```

    Every iterator begins where the stream is now and leaves it there. Sliced for
    worker `w` of `W`, it gives every `W`-th batch; a state is one of its worker.

    Raises:
        ModuleNotFoundError: grain is not installed.
    """
    grain = needed("grain", "stream.grain()", "grain")

    class GrainIterator(grain.DatasetIterator):
        """A stream of its own, as grain steps it."""

        def __init__(self, stream: "Stream") -> None:
            super().__init__()
            self.stream = stream

        def __next__(self) -> dict[str, Any]:
            return by_name(next(self.stream))

        def get_state(self) -> dict[str, Any]:
            return self.stream.state_dict()

        def set_state(self, state: dict[str, Any]) -> None:
            self.stream.load_state_dict(state)

    class GrainStream(grain.IterDataset):
        """A stream as grain reads it."""

        def __init__(self, stream: "Stream") -> None:
            super().__init__()
            self.stream = stream

        def __reduce__(self) -> Any:
            return grain_face, (self.stream,)

        def __iter__(self) -> Any:
            return GrainIterator(self.stream.shard(0, 1))

        def set_slice(self, part: slice, sequential_slice: bool = False) -> None:
            """Keep the share of one worker; grain calls this in its process."""
            self.stream = self.stream.shard(part.start or 0, part.step or 1)

    return GrainStream(stream)
