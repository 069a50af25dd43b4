"""Generated connectomes: their degrees, densities, symmetry, blocks and lengths."""

import jax
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import jaxsim as js


generators = js.generators
GENERATORS = {
    "erdos_renyi": {},
    "ring_lattice": {"degree": 4},
    "small_world": {},
    "stochastic_block": {},
    "spatial": {"degree": 6},
}
LAWS = ("lognormal", "normal", "uniform", "constant")


def make(name, n_nodes, key, **options):
    return getattr(generators, name)(n_nodes, key, **{**GENERATORS[name], **options})


def edges(connectome):
    return np.asarray(connectome.weights) != 0


@pytest.mark.parametrize("name", GENERATORS)
def test_the_same_key_gives_the_same_network_and_another_another(name, getkey):
    key = getkey()
    first, again = make(name, 24, key), make(name, 24, key)
    other = make(name, 24, getkey())
    np.testing.assert_array_equal(first.weights, again.weights)
    assert not np.array_equal(first.weights, other.weights)


def test_the_width_of_floats_does_not_change_the_network(getkey):
    key = getkey()
    narrow = {name: edges(make(name, 24, key)) for name in GENERATORS}
    with jax.enable_x64(True):
        for name in GENERATORS:
            wide = make(name, 24, key)
            assert wide.weights.dtype == np.float64
            np.testing.assert_array_equal(edges(wide), narrow[name])


@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("name", GENERATORS)
def test_the_diagonal_is_zero_weights_are_not_negative_and_symmetry_is_as_asked(
    name, law, symmetric, getkey
):
    found = make(name, 20, getkey(), weights=law, symmetric=symmetric)
    weights = np.asarray(found.weights)
    assert (np.diag(weights) == 0).all() and (weights >= 0).all() and weights.any()
    if symmetric:
        np.testing.assert_array_equal(weights, weights.T)
    elif law != "constant" or name not in ("ring_lattice", "small_world"):
        assert not np.array_equal(weights, weights.T)


@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("density", [0.0, 0.1, 0.6, 1.0])
def test_erdos_renyi_has_its_density(density, symmetric, getkey):
    n = 150
    found = edges(
        make("erdos_renyi", n, getkey(), density=density, symmetric=symmetric)
    )
    pairs = n * (n - 1) / (2 if symmetric else 1)
    error = np.sqrt(density * (1 - density) / pairs)
    assert abs(found.sum() / (n * (n - 1)) - density) <= 4 * error


@settings(max_examples=30, deadline=None)
@given(n_nodes=st.sampled_from([3, 4, 25]), data=st.data())
def test_every_node_of_a_ring_has_its_degree(n_nodes, data):
    degree = data.draw(st.integers(1, n_nodes - 1))
    found = edges(generators.ring_lattice(n_nodes, jax.random.key(0), degree=degree))
    expected = min(2 * max(degree // 2, 1), n_nodes - 1)
    assert (found.sum(axis=0) == expected).all()
    assert (found.sum(axis=1) == expected).all()
    assert found[1, 0] and found[0, n_nodes - 1]


@settings(max_examples=30, deadline=None)
@given(n_nodes=st.sampled_from([3, 4, 25]), rewire=st.floats(0, 1), data=st.data())
def test_a_small_world_keeps_the_number_of_connections(n_nodes, rewire, data):
    degree = data.draw(st.integers(1, n_nodes - 1))
    key = jax.random.key(data.draw(st.integers(0, 5)))
    found = edges(generators.small_world(n_nodes, key, degree=degree, rewire=rewire))
    even = min(2 * max(degree // 2, 1), n_nodes - 1)
    assert found.sum() == n_nodes * even
    np.testing.assert_array_equal(found, found.T)


def test_a_small_world_that_is_not_rewired_is_the_ring(getkey):
    key = getkey()
    ring = generators.ring_lattice(20, key, degree=6)
    world = generators.small_world(20, key, degree=6, rewire=0.0)
    np.testing.assert_array_equal(edges(world), edges(ring))


def test_rewiring_shortens_paths(getkey):
    import networkx

    key = getkey()

    def mean_path(rewire):
        found = generators.small_world(80, key, degree=6, rewire=rewire)
        return networkx.average_shortest_path_length(networkx.Graph(edges(found)))

    assert mean_path(0.2) < 0.6 * mean_path(0.0)


def test_blocks_are_denser_inside(getkey):
    found = generators.stochastic_block(120, getkey(), n_blocks=3, p_in=0.5, p_out=0.02)
    block = np.repeat(np.arange(3), 40)
    same = block[:, None] == block[None, :]
    inside = edges(found)[same & ~np.eye(120, dtype=bool)].mean()
    outside = edges(found)[~same].mean()
    assert inside == pytest.approx(0.5, abs=0.04)
    assert outside == pytest.approx(0.02, abs=0.008)


def test_what_is_left_over_goes_to_the_first_blocks(getkey):
    labels = generators.stochastic_block(11, getkey(), n_blocks=4).labels
    assert [sum(x.startswith(f"{b}.") for x in labels) for b in range(4)] == [
        3,
        3,
        3,
        2,
    ]


def test_block_sizes_are_taken_as_given(getkey):
    found = generators.stochastic_block(
        10, getkey(), block_sizes=(7, 3), p_in=1.0, p_out=0.0
    )
    block = np.repeat([0, 1], [7, 3])
    expected = (block[:, None] == block[None, :]) & ~np.eye(10, dtype=bool)
    np.testing.assert_array_equal(edges(found), expected)


@pytest.mark.parametrize(
    ("law", "median", "mean"),
    [
        ("lognormal", 2.0, 2.0 * np.exp(0.5)),
        ("normal", 2.0, 2.0171),  # of |N(2, 1)|
        ("uniform", 1.0, 1.0),
        ("constant", 2.0, 2.0),
    ],
)
def test_weights_follow_their_law(law, median, mean, getkey):
    found = generators.erdos_renyi(200, getkey(), density=1.0, weights=law, scale=2.0)
    values = np.asarray(found.weights)[edges(found)]
    assert np.median(values) == pytest.approx(median, rel=0.03)
    assert values.mean() == pytest.approx(mean, rel=0.03)


@pytest.mark.parametrize("name", GENERATORS)
def test_places_give_tracts_and_delays(name, getkey):
    found = make(name, 30, getkey(), radius_mm=70.0)
    places, lengths = np.asarray(found.centres_mm), np.asarray(found.tract_lengths_mm)
    assert np.linalg.norm(places, axis=1).max() <= 70.001
    apart = np.linalg.norm(places[:, None] - places[None, :], axis=-1)
    np.testing.assert_allclose(lengths, apart, rtol=1e-4, atol=1e-4)
    assert 0 < lengths.max() <= 140 and found.max_delay_s > 0.01
    np.testing.assert_allclose(lengths, lengths.T, atol=1e-4)


@pytest.mark.parametrize("name", [n for n in GENERATORS if n != "spatial"])
def test_without_places_there_are_no_delays_and_the_same_connections(name, getkey):
    key = getkey()
    without = make(name, 20, key)
    assert without.tract_lengths_mm is None
    placed = make(name, 20, key, radius_mm=70.0)
    np.testing.assert_array_equal(without.weights, placed.weights)


def test_near_nodes_of_a_spatial_network_are_connected_more(getkey):
    found = generators.spatial(150, getkey(), degree=15, decay_mm=20.0)
    assert edges(found).sum() / 150 == pytest.approx(15, rel=0.1)
    lengths = np.asarray(found.tract_lengths_mm)
    off = ~np.eye(150, dtype=bool)
    near = edges(found)[off & (lengths < 30)].mean()
    far = edges(found)[off & (lengths > 80)].mean()
    assert near > 5 * far


def test_arrays_at_hand_become_a_connectome():
    found = generators.from_arrays(
        [[0, 1], [2, 0]], [[0, 5], [5, 0]], labels=("a", "b")
    )
    assert isinstance(found, js.Connectome) and found.labels == ("a", "b")


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("ring_lattice", {"degree": 0}, "degree = 0 must be at least 1 and below"),
        ("ring_lattice", {"degree": 10}, "below n_nodes = 10"),
        ("small_world", {"degree": 12}, "below n_nodes = 10"),
        ("small_world", {"rewire": 1.5}, "rewire = 1.5 is a probability"),
        ("erdos_renyi", {"density": -0.1}, "density = -0.1 is a probability"),
        ("stochastic_block", {"n_blocks": 0}, "n_blocks = 0 must be between 1 and"),
        ("stochastic_block", {"n_blocks": 11}, "n_blocks = 11 must be between"),
        ("stochastic_block", {"p_in": 2.0}, "p_in = 2.0 is a probability"),
        ("stochastic_block", {"p_out": -1.0}, "p_out = -1.0 is a probability"),
        ("stochastic_block", {"block_sizes": (3, 3)}, "add up to 6, but n_nodes = 10"),
        ("stochastic_block", {"block_sizes": (10, 0)}, "at least one node"),
        ("spatial", {"degree": 10}, "at most n_nodes - 1 = 9"),
        ("spatial", {"decay_mm": 0.0}, "decay_mm = 0.0 must be above 0"),
        ("spatial", {"decay_mm": 0.01}, "decay_mm is so short"),
        ("erdos_renyi", {"scale": 0.0}, "scale = 0.0 must be above 0"),
        ("erdos_renyi", {"radius_mm": 0.0}, "radius_mm = 0.0 must be above 0"),
        ("erdos_renyi", {"weights": "gamma"}, "weights = 'gamma' is not one of"),
    ],
)
def test_options_that_make_no_network_are_refused(
    name, options, sentence, getkey, unhooked
):
    with pytest.raises(ValueError, match=sentence) as caught:
        make(name, 10, getkey(), **options)
    assert str(caught.value).startswith(f"generators.{name}")


def test_no_nodes_and_no_key_are_refused(getkey, unhooked):
    with pytest.raises(ValueError, match="n_nodes = 0 must be 1 or more"):
        make("erdos_renyi", 0, getkey())
    with pytest.raises(TypeError, match=r"Write jax.random.key\(0\)"):
        make("erdos_renyi", 5, 0)
