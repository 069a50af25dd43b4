"""Pictures of a table of source estimates."""

import pandas as pd
import pytest

from jaxsim.plot import plot_run_summary

from .look import rendered, words


def table():
    """Six runs, of which one failed."""
    return pd.DataFrame(
        {
            "solver": ["gamma_map"] * 6,
            "noise_type": ["oracle"] * 3 + ["baseline"] * 3,
            "alpha_SNR": [0.3, 0.5, 0.8] * 2,
            "noise_var": [4.0, 1.0, 0.1, 5.0, 1.2, None],
            "effective_active": [50, 30, 9, 60, 33, None],
        }
    )


def test_noise_and_sparsity_stand_against_the_signal_to_noise_ratio():
    figure = rendered(plot_run_summary(table()))
    said = words(figure)
    assert {"alpha_SNR", "effective active set", "gamma_map, oracle"} <= set(said)
    left, right = figure.axes[:2]
    assert left.get_yscale() == right.get_yscale() == "log"
    medians = left.lines[-1].get_ydata(), right.lines[-1].get_ydata()
    assert [list(line) for line in medians] == [[4.0, 1.0, 0.1], [50.0, 30.0, 9.0]]
    assert len(left.lines[0].get_xdata()) == 2  # the run that failed has no dot


def test_a_table_without_numbers_is_refused():
    with pytest.raises(ValueError, match="no column 'noise_var'"):
        plot_run_summary(table().drop(columns="noise_var"))
    with pytest.raises(ValueError, match="every run failed"):
        plot_run_summary(table().assign(noise_var=None))
