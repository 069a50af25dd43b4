"""jaxsim: a GPU-accelerated, differentiable simulator of neuroscience recordings.

A process is an immutable tree of declared parameters; given a key it makes a recording.
`simulate`, `sweep`, `fit`, `save` and `load` work on any process.
"""

# core: the words that every part speaks
from jaxsim.core.declared import (
    Declared as Declared,
    card as card,
    get as get,
    replace as replace,
)
from jaxsim.core.param import (
    Data as Data,
    Param as Param,
    concrete as concrete,
    data as data,
    optional_part as optional_part,
    param as param,
    part as part,
    static as static,
)
from jaxsim.core.pipeline import Pipeline as Pipeline
from jaxsim.core.recording import Recording as Recording
from jaxsim.core.signal import (
    Clock as Clock,
    Series as Series,
    Signal as Signal,
    activity_card as activity_card,
)
from jaxsim.core.simulate import simulate as simulate
from jaxsim.core.step import (
    AbstractFrameStep as AbstractFrameStep,
    AbstractStep as AbstractStep,
)
from jaxsim.core.table import check as check, table as table


# measure

# neural

# meeg

# store

# plot

# study

__version__ = "0.1.0"
