"""What a user writes, through `import jaxsim as js` alone, small."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import jaxsim as js


G = "network.coupling.G"


def whole_brain(key, **given):
    """Twelve delayed alpha masses, seen by five electrodes."""
    connectome = js.generators.small_world(
        n_nodes=12, degree=4, rewire=0.1, key=key, radius_mm=70.0
    )
    network = {
        "model": js.Wendling.preset("alpha", B=12.0),
        "connectome": connectome.normalised("row_sum"),
        "coupling": js.LinearCoupling(G=10.0),
        "monitor": js.TemporalAverage(period_s=4e-3),
        "solver": js.RungeKutta4(),
        "duration_s": 0.4,
        "dt_s": 1e-3,
        "burn_in_s": 0.1,
    }
    gain = jax.random.normal(key, (5, 12))
    return js.Pipeline(
        network=js.Network(**{**network, **given}), leadfield=js.Leadfield(gain)
    )


def test_a_whole_brain_is_seen_by_eeg(getkey):
    key = getkey()
    brain = whole_brain(key)
    recording = js.simulate(brain, key)
    assert recording.ok
    activity, field = recording["activity"], recording["field"]
    assert activity.values.shape == (100, 12)
    assert field.values.shape == (100, 5)
    assert (activity.card.unit, field.card.unit) == ("mV", "uV")
    moments = activity.values  # 1 nAm for each mV
    assert jnp.allclose(field.values, moments @ recording["gain"].values.T, rtol=1e-4)
    # what is not asked for is not made, and changes nothing else
    alone = js.simulate(brain, key, record=("activity",))
    assert alone.names == ("activity",)
    assert jnp.array_equal(alone["activity"].values, activity.values)


def test_a_network_needs_nothing_but_a_model(getkey):
    network = js.Network(model=js.JansenRit(), duration_s=0.1)
    recording = js.simulate(network, getkey())
    assert recording["activity"].values.shape == (1000, 1)
    assert jnp.isclose(recording["activity"].clock.start_s, 1e-4)


@pytest.mark.parametrize("solver", [js.Euler, js.Heun, js.RungeKutta4])
@pytest.mark.parametrize("monitor", ["every", "sub", "average"])
def test_solvers_and_monitors_go_together(getkey, solver, monitor):
    monitors = {
        "every": js.EverySample(),
        "sub": js.Subsample(period_s=2e-3),
        "average": js.TemporalAverage(period_s=2e-3),
    }
    given = {"solver": solver(), "monitor": monitors[monitor], "duration_s": 0.02}
    brain = js.Network(model=js.Wendling(B=40.0), dt_s=1e-3, **given)
    shown = js.check(brain)
    samples = 20 if monitor == "every" else 10
    assert f"time={samples} node=1" in str(shown)


def test_replace_moves_one_value_and_leaves_the_process(getkey):
    brain = whole_brain(getkey())
    before = js.digest(brain)
    louder = js.replace(brain, {G: 20.0, "network.model.B": 10.0})
    assert (float(js.get(louder, G)), float(js.get(brain, G))) == (20.0, 10.0)
    assert js.digest(brain) == before != js.digest(louder)
    with pytest.raises(ValueError, match=r"network\.model\.B = -1"):
        js.replace(brain, {"network.model.B": -1.0})
    with pytest.raises(ValueError, match=r"has no 'gain'; it has A, B, G"):
        js.replace(brain, {"network.model.gain": 1.0})


def test_table_and_check_tell_what_is_in_it(getkey):
    brain = whole_brain(getkey())
    told = str(js.table(brain))
    for path in (G, "network.model.A", "network.dt_s", "leadfield.gain"):
        assert path in told
    assert "excitatory gain" in told
    shapes = str(js.check(brain))
    assert "time=100 sensor=5" in shapes


def test_a_grid_becomes_a_table(getkey):
    key = getkey()
    brain = whole_brain(key)
    design = js.grid({G: [0.0, 10.0, 20.0], "network.model.p_sigma": [0.0, 190.0]})
    runs = js.sweep(brain, design, key, record=("activity", "field"), repeats=2)
    assert runs["field"].values.shape == (3, 2, 2, 100, 5)
    single = js.simulate(js.replace(brain, design.point(1)), jax.random.fold_in(key, 2))
    np.testing.assert_allclose(
        runs["activity"].values[0, 1, 0], single["activity"].values, atol=1e-3
    )

    def power(activity, field):
        return {"power": activity.var(0).mean(), "seen": field.var(0).mean()}

    table = runs.measure(power, "activity", "field").to_dataframe()
    assert len(table) == 12
    assert {G, "network.model.p_sigma", "repeat", "power", "seen"} <= {*table.columns}
    # repeats differ in their noise, and in nothing else
    spread = table.groupby(["network.model.p_sigma", G])["power"].agg(np.ptp)
    assert spread[0.0].max() < 1e-5
    assert spread[190.0].min() > 1e-3


@pytest.mark.slow
def test_a_sweep_is_an_xarray_with_the_designs_axes(getkey):
    key = getkey()
    design = js.draws(
        {G: js.uniform(0.0, 20.0), "network.model.p_sigma": js.log_uniform(1.0, 100.0)},
        3,
        key,
    )
    runs = js.sweep(whole_brain(key), design, key, record=("activity",))
    activity = runs.to_xarray()["recording/activity/activity"]
    assert activity.dims == ("run", "time", "region")
    assert activity.attrs["units"] == "mV"
    np.testing.assert_allclose(activity.coords[G], design.columns[0])


@pytest.mark.slow
def test_two_parameters_come_back_by_gradient(getkey):
    """The mean of a mass without noise fixes its input; its coupling, the network's."""
    key = getkey()
    free = {"network.model.p_mean": (60.0, 120.0), G: (0.0, 30.0)}
    truth = {"network.model.p_mean": 100.0, G: 20.0}
    brain = whole_brain(key, noise=js.NoNoise(), duration_s=0.2)
    target = js.simulate(js.replace(brain, truth), key)["field"].values

    def loss(recording):
        return jnp.mean((recording["field"].values - target) ** 2)

    fitted = js.fit(
        brain, loss, free, key, starts=3, optimizer=optax.adam(0.2), n_updates=60
    )
    assert fitted.losses.shape == (3, 60)
    assert fitted.best_loss < 1e-3 * fitted.losses[:, 0].max()
    for path, value in truth.items():
        assert abs(float(js.get(fitted.best, path)) - value) < 0.05 * value
    refused = r"network\.connectome\.max_delay_s"
    with pytest.raises(ValueError, match=refused):
        js.fit(brain, loss, ("network.connectome.max_delay_s",), key)


def test_what_was_saved_comes_back(getkey, tmp_path, monkeypatch):
    monkeypatch.setenv("JAXSIM_CACHE", str(tmp_path / "cache"))
    key = getkey()
    brain = whole_brain(key)
    recording = js.remembered(brain, key)
    js.save(recording, tmp_path / "brain.zarr")
    again = js.load(tmp_path / "brain.zarr")
    assert jnp.array_equal(again["field"].values, recording["field"].values)
    assert js.digest(again.process) == js.digest(brain)
    # and makes the same recording anew
    anew = js.simulate(again.process, again.key)
    assert jnp.array_equal(anew["field"].values, recording["field"].values)
    tree = again.to_xarray()
    assert tree["recording/field/field"].dims == ("time", "channel")
    assert tree["truth/activity/activity"].dims == ("time", "region")
    js.save(brain, tmp_path / "brain.yaml")
    assert js.digest(js.load(tmp_path / "brain.yaml")) == js.digest(brain)
    kept = js.remembered(brain, key)
    assert jnp.array_equal(kept["field"].values, recording["field"].values)


def test_a_figure_comes_of_everything(getkey, tmp_path):
    pytest.importorskip("matplotlib")
    key = getkey()
    brain = whole_brain(key)
    recording = js.simulate(brain, key)
    drawn = {
        "traces": js.plot(recording, "activity"),
        "connectome": js.plot(brain.steps[0].connectome, "weights"),
        "process": js.plot(brain, "wiring"),
    }
    for name, figure in drawn.items():
        figure.savefig(tmp_path / f"{name}.png")
        assert (tmp_path / f"{name}.png").stat().st_size > 5_000
