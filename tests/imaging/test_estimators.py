"""Each estimator of a draw's gradient against the expectation that it estimates."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

import jaxsim as js
from jaxsim.imaging.gate import log_probability_of_gated
from jaxsim.imaging.image_sensor import ImageSensor, Pixels
from jaxsim.imaging.miniscope import Miniscope
from jaxsim.imaging.score import score_mean
from jaxsim.imaging.spikes import MarkovSpikes
from jaxsim.imaging.spikes_from_outside import PoissonSpikes
from tests.contracts.imaging_examples import spiking


# two frames of three bins; every chance is well inside of (0, 1)
CANVAS = Miniscope(n_frames=2, frame_rate_hz=20.0)()["canvas"]
BINS, BIN_HZ, FRAME_S = 3, 60.0, 0.05
RATES = {"opening_hz": 6.0, "closing_hz": 9.0}
RATES |= {"active_rate_hz": 36.0, "quiescent_rate_hz": 9.0}
RUNS, CELLS = 8, 4000

LOSSES = {  # of counts (run, frame, cell)
    "mean": lambda n: n.sum(1),
    "square": lambda n: n[:, 0] ** 2,
    "product": lambda n: n[:, 0] * n[:, 1],
}


def markov(params, estimator):
    fixed = {"spike_sim_hz": BIN_HZ, "lead_s": 0.0, "estimator": estimator}
    return js.replace(MarkovSpikes(**fixed), params)


def exact(params, loss):
    """Expectations under the chain of two states, in closed form."""
    o, c, active, quiet = (params[name] for name in RATES)
    part, keep = o / (o + c), jnp.exp(-(o + c) * FRAME_S)
    chances = active / BIN_HZ, quiet / BIN_HZ
    once = BINS * (part * chances[0] + (1 - part) * chances[1])
    if loss == "mean":
        return 2 * once
    if loss == "product":  # the gate's correlation joins the frames
        step = BINS * (chances[0] - chances[1])
        return once**2 + step**2 * part * (1 - part) * keep
    squares = [BINS * p * (1 - p) + (BINS * p) ** 2 for p in chances]
    return part * squares[0] + (1 - part) * squares[1]


def slopes(make, params, estimator, key):
    """Derivatives of the mean losses of every cell; cells are independent."""
    alive = js.Series(jnp.ones(CELLS), None, js.Signal("cell", "1", "there"))
    keys = jax.random.split(key, RUNS)

    def of_cells(params):
        step = make(params, estimator)
        made = jax.vmap(lambda k: step(alive=alive, canvas=CANVAS, key=k))(keys)
        counts = made["spikes"].values
        if estimator == "score":
            log_p = made["spikes_log_probability"]
            return {name: score_mean(f(counts), log_p) for name, f in LOSSES.items()}
        return {name: f(counts).mean(0) for name, f in LOSSES.items()}

    return eqx.filter_jit(jax.jacfwd(of_cells))(params)


def missed(found, expected):
    """Names whose mean lies more than three standard errors off, and how far."""
    far = {}
    for name, one in found.items():
        one = np.asarray(one, float)
        error = one.std() / np.sqrt(one.size) + 1e-6 * abs(expected[name])
        far[name] = float((one.mean() - expected[name]) / error)
    return {name: z for name, z in far.items() if abs(z) > 3.0}


def widened(params):
    return {name: jnp.asarray(value) for name, value in params.items()}


def test_scores_of_the_chain_are_unbiased_for_any_loss(getkey):
    params = widened(RATES)
    found = slopes(markov, params, "score", getkey())
    for loss, of_loss in found.items():
        assert not missed(of_loss, jax.grad(exact)(params, loss)), loss


def test_straight_through_is_unbiased_where_spikes_are_added_up_and_only_there(getkey):
    """As its docstring says: a step from 0 to 1 is taken for a slope."""
    params = widened(RATES)
    found = slopes(markov, params, "straight_through", getkey())
    assert not missed(found["mean"], jax.grad(exact)(params, "mean"))
    assert set(missed(found["square"], jax.grad(exact)(params, "square"))) == set(RATES)
    assert missed(found["product"], jax.grad(exact)(params, "product"))


def test_the_expected_estimator_is_exact_in_the_mean_rate(getkey):
    params = widened(RATES)
    expected = jax.grad(exact)(params, "mean")
    for name, one in slopes(markov, params, "expected", getkey())["mean"].items():
        np.testing.assert_allclose(one, expected[name], rtol=2e-5)


def relaxed_mean(chance, temperature):
    """Mean of the binary concrete law, by quadrature over the logistic law."""
    nodes, weights = np.polynomial.legendre.leggauss(400)
    u, w = jnp.asarray((nodes + 1) / 2), jnp.asarray(weights / 2)
    odds = jnp.log(chance / (1 - chance)) - jnp.log(u / (1 - u))
    return (w * jax.nn.sigmoid(odds / temperature)).sum()


@pytest.mark.slow
def test_relaxed_gradients_are_those_of_the_mean_of_relaxed_spikes(getkey):
    params = widened(
        {"active_rate_hz": 36.0, "quiescent_rate_hz": 9.0, "temperature": 0.5}
    )

    def make(params, estimator):
        return markov({**widened(RATES), **params}, estimator)

    def of_relaxed(params):
        part = RATES["opening_hz"] / (RATES["opening_hz"] + RATES["closing_hz"])
        rates = params["active_rate_hz"], params["quiescent_rate_hz"]
        active, quiet = (relaxed_mean(r / BIN_HZ, params["temperature"]) for r in rates)
        return 2 * BINS * (part * active + (1 - part) * quiet)

    found = slopes(make, params, "relaxed", getkey())["mean"]
    assert not missed(found, jax.grad(of_relaxed)(params))


ACTIVITY = js.Series(
    jnp.ones((100, 1)), js.Clock(jnp.asarray(1e-3), 1000.0), js.activity_card("1/s", "")
)


def following(params, estimator):
    step = PoissonSpikes(spike_sim_hz=BIN_HZ, estimator=estimator)
    step = js.replace(step, params)
    return lambda **needs: step(activity=ACTIVITY, **needs)


def exact_following(params, estimator, loss):
    chance = -jnp.expm1(-(params["gain_hz"] + params["rest_hz"]) / BIN_HZ)
    if estimator == "relaxed":
        return 2 * BINS * relaxed_mean(chance, params["temperature"])
    if loss == "mean":
        return 2 * BINS * chance
    if loss == "product":
        return (BINS * chance) ** 2
    return BINS * chance * (1 - chance) + (BINS * chance) ** 2


@pytest.mark.parametrize(
    "estimator, losses",
    [
        ("straight_through", ("mean", "product")),  # of draws that are independent
        ("relaxed", ("mean",)),
        ("score", ("mean", "product", "square")),
    ],
)
def test_gradients_of_cells_that_follow_a_network_are_too(estimator, losses, getkey):
    params = widened({"gain_hz": 20.0, "rest_hz": 10.0})
    if estimator == "relaxed":
        params |= widened({"temperature": 0.5})
    found = slopes(following, params, estimator, getkey())
    for loss in losses:
        expected = jax.grad(exact_following)(params, estimator, loss)
        assert not missed(found[loss], expected), loss


IDEAL = Pixels(None, None, None)


def photons(readout, loss, light, key):
    """Derivatives to the photons per unit of light, one for every pixel."""
    keys = jax.random.split(key, (RUNS, 1))
    movie = jnp.full((1, 50, 80), light)

    def of_pixels(photons_per_unit):
        step = ImageSensor(
            photons_per_unit=photons_per_unit, read_noise_e=0.0, readout=readout
        )
        made = jax.vmap(lambda key: step(movie, IDEAL, key))(keys)
        losses = loss(made["movie"])
        if readout == "score":
            return score_mean(losses, made["photons_log_probability"])
        return losses.mean(0)

    at = jnp.asarray(100.0)
    return jax.jit(lambda x: jax.jvp(of_pixels, (x,), (jnp.ones(()),))[1])(at)


@pytest.mark.parametrize("light", [0.03, 0.15])  # inverted, and by the expansion
def test_the_score_of_photons_differentiates_a_threshold(light, getkey):
    rate = 0.7 * 100.0 * light
    found = photons("score", lambda n: (n >= 8.0).astype(float), light, getkey())
    expected = 0.7 * light * stats.poisson.pmf(7, rate)  # d P(n >= 8) / d rate
    assert not missed({"light": found}, {"light": expected})


def test_straight_through_and_relaxed_photons_keep_their_word(getkey):
    light, rate = 0.15, 10.5
    one = photons("straight_through", lambda n: n, light, getkey())
    assert not missed({"mean": one}, {"mean": 0.7 * light})

    def second_moment(rate):
        lean = rate / (rate + 0.1) / 6.0
        return rate**2 + (rate + 0.01) + 2.0 * lean**2

    expected = 0.7 * light * jax.grad(second_moment)(rate)
    found = photons("relaxed", lambda n: n**2, light, getkey())
    assert not missed({"square": found}, {"square": expected})


@pytest.mark.slow
def test_which_estimator_is_asked_for_changes_no_draw(getkey):
    key = getkey()
    drawn = [
        js.simulate(spiking(markov(widened(RATES), e)), key, ("spikes",))["spikes"]
        for e in ("straight_through", "score")
    ]
    np.testing.assert_array_equal(drawn[0].values, drawn[1].values)
    movie, keys = jnp.full((2, 9, 9), 1.3), jax.random.split(key, 2)
    shown = [
        np.asarray(ImageSensor(readout=how)(movie, IDEAL, keys)["movie"], float)
        for how in ("digital", "straight_through", "score")
    ]
    np.testing.assert_array_equal(shown[0], shown[1])
    np.testing.assert_array_equal(shown[0], shown[2])


def test_the_probability_of_spikes_is_that_of_all_paths_of_the_gate():
    """By counting out all paths of three periods."""
    part, opens, closes, active, quiet = 0.3, 0.2, 0.4, 0.6, 0.1
    turn = np.array([[1 - opens, opens], [closes, 1 - closes]])
    start = np.array([1 - part, part]) @ turn
    counts = np.array(list(itertools.product(range(3), repeat=3))).T  # two bins each
    total = np.zeros(27)
    for path in itertools.product((0, 1), repeat=3):
        here = start[path[0]] * turn[path[0], path[1]] * turn[path[1], path[2]]
        for gate, n in zip(path, counts, strict=True):
            p = (quiet, active)[gate]
            here = here * p**n * (1 - p) ** (2 - n)
        total += here
    switch, chance = (opens, closes), (active, quiet)
    with jax.enable_x64(True):
        scalars = jax.tree.map(jnp.asarray, (part, switch, chance))
        found = log_probability_of_gated(jnp.asarray(counts, float), 2, *scalars)
    np.testing.assert_allclose(np.exp(found), total, rtol=1e-12)
    ways = (np.where(counts == 1, 2, 1)).prod(0)  # a single spike fits in two bins
    np.testing.assert_allclose((ways * np.exp(found)).sum(), 1.0, rtol=1e-12)


def test_a_score_through_a_whole_process_keeps_the_value_and_has_a_slope(getkey):
    base = spiking(markov(widened(RATES), "score"))
    keys = jax.random.split(getkey(), 4)
    names = "spikes", "spikes_log_probability"

    def loss(rate_hz):
        process = js.replace(base, {"spikes.active_rate_hz": rate_hz})
        runs = jax.vmap(lambda key: js.simulate(process, key, names))(keys)
        losses = (runs["spikes"].values.sum((1, 2)) > 20.0).astype(float)
        surrogate = score_mean(losses, runs["spikes_log_probability"].values)
        return surrogate, losses.mean()

    (value, plain), slope = jax.value_and_grad(loss, has_aux=True)(jnp.asarray(36.0))
    assert value == plain and 0.0 < plain < 1.0 and slope != 0.0


def test_what_a_score_cannot_be_made_of_is_refused():
    with pytest.raises(ValueError, match="give those of two runs or more"):
        score_mean(jnp.ones(1), jnp.ones((1, 3)))
    with pytest.raises(ValueError, match="must begin with the same axes"):
        score_mean(jnp.ones((4, 2)), jnp.ones((4, 3)))
    with pytest.raises(ValueError, match="a gaussian law is smooth: use 'relaxed'"):
        ImageSensor(readout="score", shot_noise="gaussian")
