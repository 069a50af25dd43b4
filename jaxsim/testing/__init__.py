"""For tests, ours and yours: the contract of a class, and a small movie of known cells.

`js.testing.check(MyStep)` holds a class to the contract; `js.testing.make_recording()`
gives a recording whose truth is known.
"""

from jaxsim.testing.contract import (
    SIZES as SIZES,
    CompilationCount as CompilationCount,
    GivenSignals as GivenSignals,
    check as check,
    check_blocks as check_blocks,
    check_cards as check_cards,
    check_dims as check_dims,
    check_document as check_document,
    check_gradients as check_gradients,
    check_jit as check_jit,
    check_no_recompilation as check_no_recompilation,
    check_vmap as check_vmap,
    process_around as process_around,
)
from jaxsim.testing.recordings import make_recording as make_recording
