"""What compilers leave behind is given back."""

import sys

import jax
import pytest

from jaxsim.core import heap


@pytest.mark.skipif(sys.platform != "linux", reason="the heap of glibc")
def test_only_a_long_compilation_gives_memory_back(monkeypatch):
    given = []
    heap.watch_compilers()
    monkeypatch.setattr(heap, "_trim", given.append)
    tell = jax.monitoring.record_event_duration_secs
    tell(heap.COMPILED, 0.1)
    tell("/jax/core/compile/jaxpr_trace_duration", 9.0)
    assert given == []
    tell(heap.COMPILED, 9.0)
    assert given == [0]


@pytest.mark.skipif(sys.platform != "linux", reason="the heap of glibc")
def test_giving_back_is_there_to_be_called():
    heap._trim(0)
