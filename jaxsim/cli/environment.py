"""What the command switches on before JAX wakes; importing jaxsim never does this."""

import os
import shutil
import sys
import warnings
from pathlib import Path


# XLA's CPU compiler turns a loop into one native function where its buffers are smaller
# than this; above, every operation of every tick is dispatched by itself. Raised from
# XLA's own value, one node runs 10 times as fast, 20 nodes 3 times, 86 nodes 1.8 times,
# delayed networks as before (measured on two cores; compilation takes as long).
WHOLE_LOOPS = "xla_cpu_small_while_loop_byte_threshold"
BYTES = 1_000_000


def prepare() -> None:
    """A persistent compilation cache, and small loops of a CPU compiled whole."""
    warnings.showwarning = _warn
    flags = os.environ.get("XLA_FLAGS", "")
    if "xla_backend_extra_options" not in flags:
        more = f"--xla_backend_extra_options={WHOLE_LOOPS}={BYTES}"
        os.environ["XLA_FLAGS"] = f"{flags} {more}".strip()

    import jax

    from jaxsim.store.cache import cache_folder

    folder = cache_folder().with_name("programs")
    if not os.environ.get("JAX_COMPILATION_CACHE_DIR"):
        jax.config.update("jax_compilation_cache_dir", str(folder))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.1)
        jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


def _warn(message: Warning | str, *where: object, **more: object) -> None:
    """A warning as a sentence, without the line of code that gave it."""
    print(f"jaxsim: warning: {message}", file=sys.stderr)


def gpu_unused() -> str:
    """A sentence when an NVIDIA GPU is in the machine but JAX runs on the CPU."""
    if not has_nvidia_gpu() or os.environ.get("JAX_PLATFORMS", "").lower() == "cpu":
        return ""  # there is none, or the CPU was asked for
    import jax

    if jax.default_backend() != "cpu":
        return ""
    return (
        "this machine has an NVIDIA GPU, but JAX runs on the CPU. Install the plugin: "
        "pip install 'jaxsim-neuro[cuda12]' (or cuda13)."
    )


def has_nvidia_gpu() -> bool:
    """Whether a driver shows an NVIDIA GPU."""
    listed = Path("/proc/driver/nvidia/gpus")
    if listed.is_dir():
        return any(listed.iterdir())
    return Path("/dev/nvidia0").exists() or (
        sys.platform == "win32" and shutil.which("nvidia-smi") is not None
    )
