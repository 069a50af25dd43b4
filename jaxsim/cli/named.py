"""Processes and connectomes by name, for people who have no file yet."""

from typing import Any

from jaxsim.core.declared import KINDS, nearest
from jaxsim.core.pipeline import Pipeline
from jaxsim.core.step import step_name


def models() -> dict[str, type]:
    """Neural masses by their name in snake case."""
    from jaxsim.neural.model import AbstractModel

    found = [cls for cls in KINDS.values() if issubclass(cls, AbstractModel)]
    return {step_name(cls): cls for cls in found}


def scopes() -> dict[str, str]:
    """Microscopes by name, with what they are."""
    from jaxsim.imaging.presets import SCOPES

    told = "{1} x {0} pixels of a calcium movie over CA1"
    return {name: told.format(*scope["n_px"]) for name, scope in SCOPES.items()}


def names() -> list[str]:
    """Names that `named` knows, presets apart."""
    return [*models(), "whole_brain", "calibration", *scopes()]


def descriptions() -> list[tuple[str, str]]:
    """Every name with what it is."""
    rows = []
    for name, cls in models().items():
        preset = (
            f"; also {name}:Type1 to {name}:Type6" if hasattr(cls, "preset") else ""
        )
        rows.append((name, f"one node of {cls.__name__}, 2 s after 1 s{preset}"))
    rows.append(
        ("whole_brain", "76 delayed regions of a real brain, with EEG (needs tvb-data)")
    )
    rows.append(
        ("calibration", "event-related sources, EEG of a sphere, gamma-MAP and scores")
    )
    more = "; also {0}:cortex_l23, {0}:slab"
    rows += [(name, told + more.format(name)) for name, told in scopes().items()]
    return rows


def named(text: str) -> Any:
    """The process of a name, or None when there is none.

    Args:
        text: `wendling`, `wendling:Type3` (a preset), `whole_brain`, `miniscope_v4`,
            `miniscope_v4:slab` (another tissue).

    Raises:
        ValueError: the model has no such preset.
    """
    from jaxsim.neural.network import Network

    name, _, preset = text.partition(":")
    name = step_name(KINDS[name]) if name in KINDS else name
    if name == "whole_brain" and not preset:
        return whole_brain()
    if name == "calibration" and not preset:
        return calibration()
    if name in scopes():
        from jaxsim.imaging.presets import unplanned

        return unplanned(name, preset or "ca1")
    cls = models().get(name)
    if cls is None:
        return None
    if preset and not hasattr(cls, "preset"):
        raise ValueError(f"{cls.__name__} has no presets; write {name}.")
    build: Any = cls
    model = build.preset(preset) if preset else build()
    return Pipeline(network=Network(model=model, duration_s=2.0, burn_in_s=1.0))


def whole_brain() -> Pipeline:
    """The process of the demo: 76 delayed regions of a real brain, seen by EEG."""
    from jaxsim.demo import whole_brain
    from jaxsim.neural.connectome import Connectome

    return whole_brain(Connectome.from_tvb("76"))


def calibration() -> Pipeline:
    """How honest is a sparse posterior? 32 electrodes, 200 places, four active."""
    import jax.numpy as jnp

    from jaxsim import meeg

    places = meeg.on_sphere(200)
    electrodes = jnp.asarray(meeg.even_layout(32).positions_m)
    return Pipeline(
        sources=meeg.ErpSources(
            n_locations=200,
            n_active=4,
            tmin_s=-0.1,
            tmax_s=0.8,
            rate_hz=100.0,
            shortest_samples=60,
        ),
        leadfield=meeg.SphereEeg(
            jnp.asarray(places),
            electrodes,
            jnp.asarray(meeg.radial(places)),
            reference="average",
        ),
        noise=meeg.SensorNoise(alpha_snr=0.5),
        level=meeg.OracleNoise(),
        estimate=meeg.GammaMap(sigma=0.01, tol=1e-3),
        scores=meeg.SourceScores(),
    )


def connectome(text: str) -> Any:
    """What `--set network.connectome=@...` means.

    Args:
        text: `tvb:76`, a file, or a generator: `small_world:n_nodes=20,degree=4`.
    """
    import jax

    from jaxsim.neural import generators
    from jaxsim.neural.connectome import Connectome
    from jaxsim.store.documents import loads

    head, colon, rest = text.partition(":")
    if head == "tvb" and colon:
        return Connectome.from_tvb(rest)
    known = [n for n in vars(generators) if not n.startswith("_")]
    if colon or head in ("small_world", "erdos_renyi", "ring_lattice"):
        make = getattr(generators, head, None)
        if make is None or head not in known:
            raise ValueError(
                f"@{text}: there is no generator '{head}'.{nearest(head, known)}"
            )
        pairs = [pair.split("=", 1) for pair in rest.split(",") if pair]
        if any(len(pair) != 2 for pair in pairs):
            raise ValueError(f"@{text}: write {head}:n_nodes=20,seed=1")
        options = {name.strip(): loads(value, "yaml") for name, value in pairs}
        seed = options.pop("seed", 0)
        return make(**options, key=jax.random.key(int(seed)))
    return Connectome.from_file(text)
