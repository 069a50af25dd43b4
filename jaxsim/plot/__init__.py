"""Pictures: matplotlib figures of recordings, connectomes, fits and processes."""

from jaxsim.plot.connectome import (
    plot_graph as plot_graph,
    plot_lengths as plot_lengths,
    plot_weights as plot_weights,
)
from jaxsim.plot.coverage import plot_coverage as plot_coverage
from jaxsim.plot.detectability import plot_detectability as plot_detectability
from jaxsim.plot.dispatch import plot as plot
from jaxsim.plot.fitted import plot_losses as plot_losses, plot_values as plot_values
from jaxsim.plot.matrices import (
    plot_connectivity as plot_connectivity,
    plot_dynamics as plot_dynamics,
    plot_matrix as plot_matrix,
)
from jaxsim.plot.modalities import plot_modalities as plot_modalities
from jaxsim.plot.process import plot_table as plot_table, plot_wiring as plot_wiring
from jaxsim.plot.run_summary import plot_run_summary as plot_run_summary
from jaxsim.plot.spectra import plot_spectrum as plot_spectrum
from jaxsim.plot.states import plot_states as plot_states
from jaxsim.plot.sweep import plot_sweep as plot_sweep
from jaxsim.plot.topography import plot_topography as plot_topography
from jaxsim.plot.traces import plot_traces as plot_traces
from jaxsim.plot.validity import plot_validity as plot_validity
