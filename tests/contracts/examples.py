"""How every registered kind comes to life in the contract tests.

A new class needs nothing here when it is a step that builds from defaults, or a part
of a family that HOSTS knows. Otherwise the contract fails and says so.
"""

import numpy as np

import jaxsim as js


SHORT = {"duration_s": 0.02, "dt_s": 1e-3}


def network(**parts):
    """A small network in which every parameter is felt."""
    given = {
        "model": js.Wendling(A=5.0, B=25.0, G=15.0),
        "connectome": small_connectome(),
        "coupling": js.LinearCoupling(G=5.0),
        "initial": js.RandomStart(),
        "solver": js.Heun(),
        **SHORT,
    }
    return js.Network(**(given | parts))


def small_connectome(**more):
    """Three nodes, asymmetric, with lengths that no rounding puts on a slot."""
    weights = np.array([[0.0, 0.5, 0.2], [1.0, 0.0, 0.3], [0.1, 1.0, 0.0]])
    lengths = np.array([[0.0, 4.1, 7.3], [5.2, 0.0, 9.7], [6.1, 3.4, 0.0]])
    return js.Connectome(weights, lengths, **more)


# family -> the process around a member of it
HOSTS = {
    "AbstractModel": lambda part: network(model=part, initial=js.Rest()),
    "AbstractNoise": lambda part: network(noise=part),
    "AbstractCoupling": lambda part: network(coupling=part),
    "AbstractSolver": lambda part: network(solver=part),
    "AbstractMonitor": lambda part: network(monitor=part),
    "AbstractStimulus": lambda part: network(stimulus=part),
    "AbstractInitial": lambda part: network(initial=part),
    "Connectome": lambda part: network(connectome=part),
}

# kinds that cannot be built, or say nothing, without something from outside
EXAMPLES = {
    "Connectome": small_connectome,
    "Network": network,
}
