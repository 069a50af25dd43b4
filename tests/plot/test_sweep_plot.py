"""Pictures of sweeps."""

import numpy as np
import pytest

from jaxsim.plot import plot
from jaxsim.study.design import grid, zipped

from .look import main, rendered, words


@pytest.fixture
def sweep(make):
    """Runs whose amplitude is the swept gain; shape and failures to choose."""

    def build(design, failed=(), unit_dims="time node", reduce=None):
        shape = tuple(axis.length for axis in design.axes)
        gains = np.resize(np.arange(1.0, 4.0), shape)
        values = gains[..., None, None] * make.waves(2)
        if reduce is not None:
            values = reduce(values)
        status = np.ones(shape, np.uint8)
        for place in failed:
            status[place] = make.failed
            values[place] = np.nan
        one = make.series(values, unit_dims, timed=unit_dims.startswith("time"))
        return make.recording(status, make.toy(), design, activity=one)

    return build


def few():
    return grid({"gain": [3.0, 1.0, 2.0]})


def test_few_runs_are_lines_in_the_order_of_their_parameter(sweep):
    axes = main(rendered(plot(sweep(few()))))
    assert axes.get_ylabel() == "gain (mV)"
    assert [t.get_text() for t in axes.get_yticklabels()] == ["1", "2", "3"]


def test_spectra_name_the_parameter_and_its_unit(sweep):
    shown = words(rendered(plot(sweep(few()), "psd")))
    assert {"gain (mV)", "1", "2", "3", "power density (mV²/Hz)"} <= set(shown)


def test_many_runs_are_an_image_with_the_parameter_along_its_side(sweep):
    many = sweep(grid({"gain": np.linspace(0.5, 8, 30)}))
    for what in ("activity", "spectrum"):
        axes = main(rendered(plot(many, what)))
        assert axes.get_ylabel() == "gain (mV)"
        low, high = axes.get_ylim()
        assert low < 0.5 and high > 8
    shown = words(rendered(plot(many, "spectrum", style="lines")))
    assert "gain (mV)" in shown  # a colour bar: thirty names would not fit


def test_two_parameters_make_a_table_of_colours(sweep):
    both = sweep(grid({"gain": [1.0, 2.0], "other": [1, 2, 3]}))
    figure = rendered(plot(both))
    assert main(figure).get_xlabel() == "other"
    assert main(figure).get_ylabel() == "gain (mV)"
    assert "standard deviation of activity (mV)" in words(figure)
    mesh = np.ma.filled(main(figure).collections[0].get_array(), np.nan)
    np.testing.assert_allclose(mesh[0, 2] / mesh[0, 0], 3, rtol=1e-4)


def test_an_axis_can_be_held_still(sweep):
    both = sweep(grid({"gain": [1.0, 2.0], "other": [1, 2, 3]}))
    axes = main(rendered(plot(both, "activity", at={"other": 1})))
    assert axes.get_ylabel() == "gain (mV)"
    with pytest.raises(ValueError, match="no axis 'othr'.* Did you mean 'other'"):
        plot(both, at={"othr": 1})


def test_repeats_are_averaged(sweep):
    repeated = sweep(few().repeated(4))
    rendered(plot(repeated, "activity"))
    rendered(plot(repeated, "psd"))


def test_one_number_per_run_is_a_curve_over_the_parameter(sweep):
    spread = sweep(few().repeated(4), (), "", lambda v: v.std((-1, -2)))
    axes = main(rendered(plot(spread)))
    assert axes.get_xlabel() == "gain (mV)" and axes.get_ylabel() == "activity (mV)"
    curve = axes.lines[-1]
    np.testing.assert_array_equal(curve.get_xdata(), [1, 2, 3])


def test_failed_runs_are_left_out(sweep):
    for design in (few(), grid({"gain": np.linspace(1, 8, 20)})):
        failed = sweep(design, [1])
        rendered(plot(failed))
        rendered(plot(failed, "spectrum"))
    both = sweep(grid({"gain": [1.0, 2.0], "other": [1, 2, 3]}), [(0, 1)])
    mesh = main(rendered(plot(both))).collections[0].get_array()
    assert np.isnan(np.ma.filled(mesh, np.nan)[0, 1])


def test_all_runs_may_have_failed(sweep):
    for what in ("activity", "spectrum"):
        rendered(plot(sweep(few(), [0, 1, 2]), what))


def test_zipped_runs_and_words_as_values_are_named(sweep):
    axes = main(rendered(plot(sweep(zipped({"gain": [1.0, 2.0], "b": [5, 6]})))))
    assert axes.get_ylabel() == "run"
    shown = words(rendered(plot(sweep(grid({"solver": ["Heun", "Euler"]})))))
    assert "Heun" in shown


def test_what_a_sweep_cannot_show_is_said(sweep):
    three = grid({"gain": [1.0, 2.0], "a": [1, 2], "b": [1, 2]})
    with pytest.raises(ValueError, match="room for two. Hold some still: at="):
        plot(sweep(three))
    with pytest.raises(ValueError, match="'fc' is a picture of one run"):
        plot(sweep(few()), "fc")
    with pytest.raises(ValueError, match="neither 'lines' nor 'image'"):
        plot(sweep(few()), style="dots")
