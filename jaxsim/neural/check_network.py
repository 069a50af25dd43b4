"""What the parts of a network must be to each other: one sentence for each fault."""

from typing import Any

import numpy as np

from jaxsim.core.declared import leaves, nearest
from jaxsim.core.param import concrete


def check_sites(network: Any) -> None:
    """Refuse an input at a place, or a variable, that the model does not have."""
    model = network.model
    kind = type(model).__name__
    for name in ("coupling", "noise", "stimulus"):
        chosen = getattr(network, name)
        site = None if chosen is None else chosen.site
        if site is not None and site not in model.sites:
            raise ValueError(
                f"{name}.site = '{site}' is no site of {kind}; it has "
                f"{', '.join(model.sites)}.{nearest(site, model.sites)}"
            )
    for variable in network.variables:
        if variable not in model.variables:
            raise ValueError(
                f"variables: {kind} has no '{variable}'; it has "
                f"{', '.join(model.variables)}.{nearest(variable, model.variables)}"
            )


def check_nodes(network: Any) -> None:
    """Refuse a parameter or waveform for another number of nodes."""
    n_nodes = network.n_nodes
    parts = {name: getattr(network, name) for name in ("model", "noise", "stimulus")}
    for name, part in parts.items():
        for path, (value, card) in leaves(part, f"{name}.").items() if part else ():
            shape = np.shape(value) if card.role != "static" else ()
            allowed = ((), (n_nodes,))
            if card.role == "data":  # a waveform of one column is for all nodes alike
                per_node = card.dims.split()[-1:] == ["node"] and len(shape) > 1
                allowed = tuple((*shape[:-1], n) for n in (1, n_nodes))
                allowed = allowed if per_node else (shape,)
            if shape not in allowed:
                raise ValueError(
                    f"{path} has shape {shape}; the network has {n_nodes} node(s), so "
                    f"give one number for all, or {n_nodes} along the last axis."
                )


def check_step(network: Any) -> None:
    """Refuse a step at which the decay of the fastest synapse would diverge."""
    rates = network.model.fastest_rate()
    if not concrete(rates):
        return
    rate, reach = float(np.max(np.asarray(rates))), network.solver.reach
    model, solver = type(network.model).__name__, type(network.solver).__name__
    if network.dt_s * rate >= reach:
        raise ValueError(
            f"dt_s = {network.dt_s:g} s is too long for {model}: it decays with up to "
            f"{rate:g} 1/s, and {solver} diverges from {reach / rate:.2g} s on. Take "
            "1e-4 s, or 1e-3 with RungeKutta4; dt_s is in seconds."
        )
