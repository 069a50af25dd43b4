"""Connectome: orientation, delays, the horizon of the past, and what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxsim as js


LENGTHS = [[0.0, 60.0], [30.0, 0.0]]


def one_edge(n_nodes=3, source=0, target=2, weight=1.0):
    weights = np.zeros((n_nodes, n_nodes))
    weights[target, source] = weight
    return weights


def test_a_weight_goes_from_its_column_to_its_row():
    heard = js.Connectome(one_edge()).weights @ jnp.asarray([1.0, 0.0, 0.0])
    np.testing.assert_array_equal(heard, [0.0, 0.0, 1.0])


def test_without_lengths_there_are_no_delays():
    connectome = js.Connectome(one_edge())
    assert connectome.tract_lengths_mm is None and connectome.max_delay_s is None
    np.testing.assert_array_equal(connectome.delays_s, np.zeros((3, 3)))


def test_a_delay_is_length_over_speed():
    connectome = js.Connectome(np.ones((2, 2)), LENGTHS, speed_m_per_s=6.0)
    np.testing.assert_allclose(connectome.delays_s, [[0, 0.010], [0.005, 0]], rtol=1e-6)


def test_a_tract_may_have_its_own_speed():
    speeds = [[1.0, 2.0], [3.0, 1.0]]
    connectome = js.Connectome(np.ones((2, 2)), LENGTHS, speeds)
    np.testing.assert_allclose(connectome.delays_s, [[0, 0.030], [0.010, 0]], rtol=1e-6)


@pytest.mark.parametrize("kind", [list, np.int32, bool, np.float64, "sparse"])
def test_numbers_of_every_kind_become_floats(kind):
    weights = [[0, 1], [0, 0]]
    if kind == "sparse":
        import scipy.sparse

        weights = scipy.sparse.csr_matrix(weights)
    elif kind is not list:
        weights = np.asarray(weights, kind)
    connectome = js.Connectome(weights)
    assert connectome.weights.dtype == jnp.float32
    np.testing.assert_array_equal(connectome.weights, [[0, 1], [0, 0]])


def test_a_list_of_labels_is_taken():
    assert js.Connectome(np.ones((2, 2)), labels=["a", "b"]).labels == ("a", "b")


# the horizon: how much of the past is kept


def test_the_past_is_kept_half_as_long_again_as_the_longest_delay():
    assert js.Connectome(np.ones((2, 2)), LENGTHS).max_delay_s == pytest.approx(0.030)


def test_a_slower_speed_extends_the_past_and_a_faster_one_keeps_it():
    connectome = js.Connectome(np.ones((2, 2)), LENGTHS)
    slow = js.replace(connectome, {"speed_m_per_s": 1.0})
    assert slow.max_delay_s == pytest.approx(0.060)
    assert js.replace(slow, {"speed_m_per_s": 9.0}).max_delay_s == slow.max_delay_s


def test_a_little_slower_needs_no_longer_past():
    connectome = js.Connectome(np.ones((2, 2)), LENGTHS)
    slower = js.replace(connectome, {"speed_m_per_s": 2.5})
    assert slower.max_delay_s == connectome.max_delay_s


def test_longer_tracts_extend_the_past():
    connectome = js.Connectome(np.ones((2, 2)), LENGTHS)
    longer = js.replace(connectome, {"tract_lengths_mm": 10 * np.asarray(LENGTHS)})
    assert longer.max_delay_s == pytest.approx(0.200)


def test_lengths_may_be_added_and_taken_away():
    connectome = js.replace(
        js.Connectome(np.ones((2, 2))), {"tract_lengths_mm": np.asarray(LENGTHS)}
    )
    assert connectome.max_delay_s == pytest.approx(0.030)
    without = js.replace(connectome, {"tract_lengths_mm": None})
    assert float(without.delays_s.max()) == 0.0


def test_under_a_trace_the_past_stands_still():
    connectome = js.Connectome(np.ones((2, 2)), LENGTHS)

    def delay(speed):
        moved = js.replace(connectome, {"speed_m_per_s": speed})
        assert moved.max_delay_s == connectome.max_delay_s
        return moved.delays_s[0, 1]

    delays = jax.vmap(delay)(jnp.asarray([3.0, 6.0]))
    np.testing.assert_allclose(delays, [0.020, 0.010], rtol=1e-6)


def test_a_past_given_too_short_is_refused():
    with pytest.raises(
        ValueError, match=r"max_delay_s = 0.01 s is shorter than .* 0.02"
    ):
        js.Connectome(np.ones((2, 2)), LENGTHS, max_delay_s=0.01)


def test_a_past_replaced_too_short_is_refused():
    connectome = js.Connectome(np.ones((2, 2)), LENGTHS)
    with pytest.raises(ValueError, match="Give at least 0.02, or leave it out"):
        js.replace(connectome, {"max_delay_s": 0.01})


def test_building_from_a_traced_speed_says_what_to_give():
    def build(speed):
        return js.Connectome(np.ones((2, 2)), LENGTHS, speed).delays_s

    with pytest.raises(ValueError, match="Give max_delay_s"):
        jax.vmap(build)(jnp.asarray([1.0, 2.0]))

    def build_with(speed):
        return js.Connectome(np.ones((2, 2)), LENGTHS, speed, max_delay_s=0.1).delays_s

    assert jax.vmap(build_with)(jnp.asarray([1.0, 2.0])).shape == (2, 2, 2)


def test_delays_have_gradients_in_speed_and_lengths():
    connectome = js.Connectome(np.ones((2, 2)), LENGTHS)

    def total(values):
        return js.replace(connectome, values).delays_s.sum()

    lengths = connectome.tract_lengths_mm
    slopes = jax.grad(total)(
        {"speed_m_per_s": jnp.float32(3.0), "tract_lengths_mm": lengths}
    )
    assert float(slopes["speed_m_per_s"]) == pytest.approx(-0.090 / 9, rel=1e-5)
    np.testing.assert_allclose(slopes["tract_lengths_mm"], 1e-3 / 3, rtol=1e-6)


# new connectomes from old ones


def test_row_sum_makes_each_node_hear_one_in_all():
    connectome = js.Connectome([[0, 3, 1], [2, 0, 2], [0, 0, 0]]).normalised("row_sum")
    np.testing.assert_allclose(
        connectome.weights, [[0, 0.75, 0.25], [0.5, 0, 0.5], [0, 0, 0]]
    )


def test_max_divides_by_the_largest_magnitude():
    connectome = js.Connectome([[0, -4], [2, 0]]).normalised("max")
    np.testing.assert_allclose(connectome.weights, [[0, -1], [0.5, 0]])
    assert float(js.Connectome(np.zeros((2, 2))).normalised("max").weights.sum()) == 0


def test_none_changes_nothing():
    connectome = js.Connectome([[0, -4], [2, 0]])
    np.testing.assert_array_equal(
        connectome.normalised("none").weights, connectome.weights
    )


def test_an_unknown_norm_is_refused_with_the_nearest(unhooked):
    with pytest.raises(ValueError, match=r"Did you mean 'row_sum'"):
        js.Connectome(np.ones((2, 2))).normalised("rowsum")


@pytest.mark.parametrize("row", [[0.0, 1.0, -1.0], [0.0, 1.0, -2.0]])
def test_rows_that_do_not_sum_above_zero_are_refused_by_name(row):
    connectome = js.Connectome([[0, 1, 1], row, [1, 1, 0]], labels=("a", "b", "c"))
    with pytest.raises(ValueError, match="the weights into 'b' sum to zero or less"):
        connectome.normalised("row_sum")


def test_self_loops_are_taken_out_of_a_copy_only():
    mine = np.ones((3, 3), np.float32)
    connectome = js.Connectome(mine)
    np.testing.assert_array_equal(
        connectome.without_self_loops().weights, 1 - np.eye(3)
    )
    np.testing.assert_array_equal(mine, np.ones((3, 3)))
    np.testing.assert_array_equal(connectome.weights, np.ones((3, 3)))


def test_nothing_of_the_callers_is_changed_or_shared():
    mine = np.ones((3, 3), np.float32)
    connectome = js.Connectome(mine, mine * 10)
    connectome.normalised("row_sum").without_self_loops()
    np.testing.assert_array_equal(mine, np.ones((3, 3)))
    mine[:] = 7.0
    np.testing.assert_array_equal(connectome.weights, np.ones((3, 3)))


def test_a_subset_keeps_orientation_lengths_labels_and_places():
    n = 4
    weights = np.arange(16.0).reshape(n, n)
    whole = js.Connectome(
        weights,
        weights + 1,
        labels=tuple("abcd"),
        centres_mm=np.arange(12.0).reshape(n, 3),
    )
    part = whole.subset(["c", 0])
    assert part.labels == ("c", "a") and part.n_nodes == 2
    np.testing.assert_array_equal(part.weights, [[10, 8], [2, 0]])
    np.testing.assert_array_equal(part.tract_lengths_mm, [[11, 9], [3, 1]])
    np.testing.assert_array_equal(part.centres_mm, [[6, 7, 8], [0, 1, 2]])


@pytest.mark.parametrize(
    ("nodes", "sentence"),
    [
        (["lA2"], "no node named 'lA2'. Did you mean 'lA1'"),
        ([5], "there is no node 5; they go from 0 to 1"),
        ([0, 0], "each once"),
        ([], "at least one"),
    ],
)
def test_a_subset_of_other_nodes_is_refused(nodes, sentence):
    connectome = js.Connectome(np.ones((2, 2)), labels=("lA1", "rB"))
    with pytest.raises(ValueError, match=sentence):
        connectome.subset(nodes)


# bad input, each with its sentence

BAD = {
    "not square": (
        dict(weights=np.ones((2, 3))),
        r"weights has shape \(2, 3\); it must be square",
    ),
    "one axis": (dict(weights=np.ones(3)), "must be square"),
    "empty": (dict(weights=np.ones((0, 0))), "must be square"),
    "not a number": (
        dict(weights=[[0, np.nan], [0, 0]]),
        r"weights\[0, 1\] \(from 1 to 0\) is nan.*Write 0",
    ),
    "infinite": (
        dict(weights=[[0, np.inf], [np.inf, 0]]),
        "is inf, as are 1 others",
    ),
    "lengths of other shape": (
        dict(weights=np.ones((2, 2)), tract_lengths_mm=np.ones((3, 3))),
        r"tract_lengths_mm has shape \(3, 3\), but weights have \(2, 2\)",
    ),
    "negative length": (
        dict(weights=np.ones((2, 2)), tract_lengths_mm=[[0, -5], [5, 0]]),
        r"tract_lengths_mm\[0, 1\] = -5 mm is negative",
    ),
    "length not a number": (
        dict(weights=np.ones((2, 2)), tract_lengths_mm=[[0, np.nan], [5, 0]]),
        r"tract_lengths_mm\[0, 1\] .* is nan",
    ),
    "micrometres": (
        dict(weights=np.ones((2, 2)), tract_lengths_mm=[[0, 6e4], [6e4, 0]]),
        "reaches 60000 mm.*If these are micrometres, divide by 1000",
    ),
    "speed in mm per s": (
        dict(weights=np.ones((2, 2)), speed_m_per_s=3000.0),
        r"speed_m_per_s = 3000.0 m/s is outside \[0.05, 200\] m/s",
    ),
    "speed in m per ms": (
        dict(weights=np.ones((2, 2)), speed_m_per_s=0.003),
        "is outside",
    ),
    "speed of zero": (
        dict(weights=np.ones((2, 2)), tract_lengths_mm=LENGTHS, speed_m_per_s=0.0),
        "is outside .* for no delays leave the tract lengths out",
    ),
    "speed per node": (
        dict(weights=np.ones((2, 2)), speed_m_per_s=[1.0, 2.0]),
        "give one speed, or one per tract",
    ),
    "too few labels": (
        dict(weights=np.ones((2, 2)), labels=("a",)),
        "labels has 1 names for 2 nodes",
    ),
    "centres of other shape": (
        dict(weights=np.ones((2, 2)), centres_mm=np.ones((2, 2))),
        r"2 nodes need \(2, 3\)",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_with_its_sentence(name):
    fields, sentence = BAD[name]
    with pytest.raises(ValueError, match=sentence):
        js.Connectome(**fields)


@pytest.mark.parametrize("weights", [[["a", "b"], ["c", "d"]], [[1, 2], [3]], None])
def test_what_is_no_matrix_of_numbers_is_refused(weights, unhooked):
    with pytest.raises(TypeError, match=r"Connectome.weights"):
        js.Connectome(weights)


def test_lengths_in_metres_are_told():
    with pytest.warns(UserWarning, match=r"0.06 mm. If these are metres, multiply"):
        js.Connectome(np.ones((2, 2)), np.asarray(LENGTHS) / 1000)


def test_asymmetry_diagonal_and_negative_weights_are_normal():
    js.Connectome([[1.0, -2.0], [0.5, 3.0]], LENGTHS)  # a warning would be an error


def test_a_connectome_is_the_same_after_its_document():
    connectome = js.Connectome([[0, 1], [2, 0]], LENGTHS, labels=("a", "b"))
    slow = js.replace(connectome, {"speed_m_per_s": 0.5})
    assert js.testing.check(slow)


def test_a_connectome_may_be_rebuilt_while_jax_traces():
    connectome = js.Connectome(np.ones((2, 2)), LENGTHS)

    @jax.jit
    def delays(scale):  # lengths are concrete here, the weights are not
        moved = js.replace(connectome, {"weights": scale * jnp.ones((2, 2))})
        return moved.normalised().without_self_loops().weights, moved.delays_s

    weights, lags = delays(3.0)
    np.testing.assert_allclose(weights, [[0, 0.5], [0.5, 0]])
    np.testing.assert_allclose(lags, connectome.delays_s)
