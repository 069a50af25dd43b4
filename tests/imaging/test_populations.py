"""Populations: kinds of cells side by side, none of which the others change."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxsim as js
from jaxsim import imaging as im
from jaxsim.imaging.populations import parts_of


SIZE, N_FRAMES = 48, 400  # px of 2 um


def scope(n_frames=N_FRAMES):
    return im.Miniscope(
        magnification=4.0,
        pixel_pitch_um=8.0,
        n_px_height=SIZE,
        n_px_width=SIZE,
        margin_px=2,
        n_frames=n_frames,
    )


def population(top, bottom, density, spikes, calcium=None, **more):
    neurons = im.PlaceNeurons(
        density_per_mm3=density,
        depth_top_um=top,
        depth_bottom_um=bottom,
        soma_radius_um=4.0,
        max_cells=60,
        **{"stamp_px": 12, **more},
    )
    return js.Pipeline(
        ("canvas",), neurons=neurons, spikes=spikes, calcium=calcium or im.Calcium()
    )


def upper(**more):
    spikes = im.MarkovSpikes.with_activity(1.0, lead_s=1.0)
    return population(20.0, 60.0, 1e5, spikes, **more)


def lower():
    spikes = im.MarkovSpikes(lead_s=2.0)
    slow = im.HillCalcium(tau_decay_s=1.2, f0=0.5, tau_jitter=0.2)
    return population(100.0, 180.0, 4e4, spikes, slow, stamp_px=20)


def without_calcium(cells):
    neurons, spikes, _ = cells.steps
    return js.Pipeline(("canvas",), neurons=neurons, spikes=spikes)


def movie(cells, **more):
    steps = {"focus": im.LeastDefocus(), "optics": im.Optics()}
    steps |= {"render": im.Render(), "sensor": im.ImageSensor(photons_per_unit=1e4)}
    return js.Pipeline(miniscope=scope(**more), cells=cells, **steps)


def cells_of(populations, **asked):
    process = js.Pipeline(miniscope=scope(), cells=populations)
    return js.simulate(process, jax.random.key(0), **asked)


PER_CELL = ("position", "alive", "spikes", "trace", "expression")


@pytest.fixture(scope="module")
def both():
    return cells_of(im.Populations(upper=upper(), lower=lower()))


@pytest.mark.slow
def test_each_population_is_bit_for_bit_what_it_is_alone(both):
    number = np.asarray(both["population"].values)
    for i, alone in enumerate(
        (
            cells_of(im.Populations(upper=upper())),
            cells_of(im.Populations(lower=lower())),
        )
    ):
        for name in PER_CELL:
            values = np.asarray(both[name].values)
            axis = both[name].card.dims.split().index("cell")
            mine = values.compress(number == i, axis=axis)
            assert np.array_equal(mine, alone[name].values), name


def test_counts_depths_and_rates_are_those_that_each_was_given(both):
    number, alive = (np.asarray(both[n].values) for n in ("population", "alive"))
    depth, spikes = both["position"].values[:, 0], np.asarray(both["spikes"].values)
    side_um = 2.0 * (SIZE + 4)
    kinds = ((20.0, 60.0, 1e5), (100.0, 180.0, 4e4))
    for i, (top, bottom, density) in enumerate(kinds):
        mine = (number == i) & (alive > 0.5)
        n = round(density * 1e-9 * side_um**2 * (bottom - top))
        assert mine.sum() == n
        z = np.asarray(depth)[mine]
        assert z.min() >= top and z.max() <= bottom
        assert abs(z.mean() - (top + bottom) / 2) < 4 * (bottom - top) / np.sqrt(12 * n)
        step = (upper(), lower())[i].steps[1]
        rate = spikes[:, mine].sum(0) / (N_FRAMES / 20.0)
        error = rate.std() / np.sqrt(n)
        assert abs(rate.mean() - float(step.mean_rate_hz())) < 4 * error


def test_padding_of_stamps_moves_no_light(both):
    number, stamps = np.asarray(both["population"].values), both["footprint"].values
    alone = cells_of(im.Populations(upper=upper()), record="footprint")
    mine = np.asarray(stamps)[number == 0]
    assert stamps.shape[1:] == (20, 20)
    assert np.allclose(mine[:, 4:16, 4:16], alone["footprint"].values, atol=1e-6)
    assert np.isclose(mine.sum(), np.sum(alone["footprint"].values), rtol=1e-6)


@pytest.mark.slow
def test_spikes_joined_feed_one_indicator():
    shared = {"spike_sim_hz": 60.0, "lead_s": 1.0}

    def silent(density, quiescent):
        spikes = im.MarkovSpikes(
            active_rate_hz=quiescent, quiescent_rate_hz=quiescent, **shared
        )
        return without_calcium(population(20.0, 60.0, density, spikes))

    cells = im.Populations(silent=silent(5e4, 0.0), firing=silent(5e4, 20.0))
    process = js.Pipeline(
        miniscope=scope(60), cells=cells, calcium=im.Calcium(brightness_cv=0.0)
    )
    made = js.simulate(process, jax.random.key(1))
    number, alive = (np.asarray(made[n].values) for n in ("population", "alive"))
    trace = np.asarray(made["trace"].values).mean(0)
    assert np.allclose(trace[(number == 0) & (alive > 0.5)], 1.0)
    assert trace[(number == 1) & (alive > 0.5)].min() > 3.0


@pytest.mark.slow
def test_a_movie_of_two_populations_is_planned_seen_and_kept(tmp_path):
    process = im.planned(
        movie(im.Populations(upper=upper(), lower=lower()), n_frames=9)
    )
    paths = dict(parts_of(process))
    for name, most in (("upper", 60), ("lower", 60)):
        assert paths[f"cells.{name}.neurons"].max_cells < most
    made = js.simulate(process, jax.random.key(0), ("movie", "population", "alive"))
    assert made.ok
    lit = np.asarray(made["alive"].values) > 0.5
    assert im.sample_neurons(process, jax.random.key(0)).shape == (lit.sum(), 3)
    found = im.detectability(made)
    assert np.isfinite(found.bound_spike_s.values[lit]).all()
    again = js.load(js.save(made, tmp_path / "two.zarr"))
    assert isinstance(js.get(again.process, "cells"), im.Populations)
    assert np.array_equal(again["population"].values, made["population"].values)


def test_populations_without_cells_in_common_are_refused():
    with pytest.raises(ValueError, match="there is none. Give at least one"):
        im.Populations()
    with pytest.raises(ValueError, match="nothing for each cell in common"):
        im.Populations(scope=scope(), cells=upper())


def test_stamps_and_spikes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="have no common middle"):
        cells_of(im.Populations(upper=upper(), odd=upper(stamp_px=13)))
    with pytest.raises(ValueError, match="cannot be joined. Give all one spike_sim_hz"):
        cells_of(
            im.Populations(
                upper=without_calcium(upper()), lower=without_calcium(lower())
            )
        )


@pytest.mark.slow
def test_gradients_reach_the_parameters_of_each_population():
    def brightness(process):
        values = process(jax.random.key(0))["trace"].values
        return jnp.sum(values)

    process = js.Pipeline(
        miniscope=scope(20), cells=im.Populations(upper=upper(), lower=lower())
    )

    @jax.jit
    def slope(f0):
        return jax.grad(
            lambda f: brightness(js.replace(process, {"cells.lower.calcium.f0": f}))
        )(f0)

    made = js.simulate(process, jax.random.key(0))
    number = np.asarray(made["population"].values)
    light = np.asarray(made["expression"].values * made["alive"].values)[number == 1]
    assert np.isclose(float(slope(jnp.asarray(0.5))), 20 * light.sum(), rtol=1e-4)
