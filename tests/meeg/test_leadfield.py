"""Leadfield: what sensors see, in which unit, and what is refused."""

import importlib.util

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxsim as js


GAIN = [[1.0, 0.0, 2.0], [0.0, -1.0, 0.5]]  # 2 sensors, 3 sources


def activity(values, unit="nAm", **more):
    card = js.activity_card(unit, "of the test", **more)
    clock = js.Clock(jnp.zeros(()), 100.0)
    return js.Series(jnp.asarray(values, jnp.result_type(float)), clock, card)


class Maker(js.AbstractStep):
    """Activity that grows by one per node and sample, in a unit to choose."""

    unit: str = js.static("nAm", "of the activity")
    moment: float | None = js.static(None, "nAm of one unit")
    n_nodes: int = js.static(3, "how many")

    makes = {"activity": js.activity_card("nAm", "of the test")}

    def cards(self):
        card = js.activity_card(self.unit, "of the test", moment_nam=self.moment)
        return {"activity": card}

    def __call__(self):
        values = jnp.arange(4.0 * self.n_nodes).reshape(4, self.n_nodes)
        series = activity(values, self.unit, moment_nam=self.moment)
        return {"activity": series}


def test_the_field_is_the_gain_times_the_sources():
    field = js.Leadfield(GAIN)(activity([[1, 2, 3], [0, 0, 1]]))["field"]
    np.testing.assert_allclose(field.values, [[7, -0.5], [2, 0.5]])
    assert field.card.unit == "uV" and field.card.observed
    assert field.clock.rate_hz == 100.0


def test_one_source_lights_its_own_column():
    for k in range(3):
        values = np.eye(3)[k][None]
        field = js.Leadfield(GAIN)(activity(values))["field"].values[0]
        np.testing.assert_allclose(field, np.asarray(GAIN)[:, k])


def test_meg_is_in_femtotesla():
    made = js.Leadfield(GAIN, modality="meg")(activity(np.ones((1, 3))))
    assert made["field"].card.unit == "fT"
    assert made["gain"].card.unit == "fT/nAm"


def test_sensor_names_label_the_field_and_the_gain():
    made = js.Leadfield(GAIN, sensors=["Cz", "Pz"])(activity(np.ones((1, 3))))
    assert made["field"].labels_of("sensor") == ("Cz", "Pz")
    assert made["gain"].labels_of("sensor") == ("Cz", "Pz")


def test_the_average_reference_takes_the_mean_of_the_sensors_away():
    sources = activity(np.arange(6.0).reshape(2, 3))
    plain = js.Leadfield(GAIN)(sources)["field"].values
    made = js.Leadfield(GAIN, reference="average")(sources)
    expected = plain - plain.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(made["field"].values, expected, atol=1e-6)
    np.testing.assert_allclose(made["gain"].values.mean(axis=0), 0, atol=1e-7)


def test_nodes_may_be_spread_over_sources():
    spread = [[0.5, 0], [0.5, 0], [0, 1]]  # 3 sources, 2 nodes
    made = js.Leadfield(GAIN, nodes_to_sources=spread)(activity([[2.0, 1.0]]))
    np.testing.assert_allclose(made["field"].values, [[3.0, -0.5]])
    assert made["gain"].values.shape == (2, 3)


def test_a_moment_turns_another_unit_into_nam():
    sources = activity([[1.0, 2.0, 3.0]], "mV")
    half = js.Leadfield(GAIN, moment_nam=0.5)(sources)["field"].values
    np.testing.assert_allclose(half, [[3.5, -0.25]])
    each = js.Leadfield(GAIN, moment_nam=[1.0, 0.0, 2.0])(sources)["field"].values
    np.testing.assert_allclose(each, [[13.0, 3.0]])


def test_the_makers_card_may_say_the_moment():
    chain = js.Pipeline(maker=Maker("mV", 0.5), leadfield=js.Leadfield(GAIN))
    field = js.simulate(chain, jax.random.key(0))["field"].values
    np.testing.assert_allclose(field[0], [2.0, 0.0])
    given = js.replace(chain, {"leadfield.moment_nam": 1.0})  # and the user wins
    np.testing.assert_allclose(
        js.simulate(given, jax.random.key(0))["field"].values[0], [4.0, 0.0]
    )


def test_a_missing_moment_is_refused_by_name_when_the_pipeline_is_built():
    sentence = (
        "step 'eeg' .* needs source moments in nAm, but 'activity' is in 1/s.*"
        r"Leadfield\(\.\.\., moment_nam=...\): nAm for 1 1/s"
    )
    with pytest.raises(ValueError, match=sentence):
        js.Pipeline(maker=Maker("1/s"), eeg=js.Leadfield(GAIN))
    js.Pipeline(maker=Maker("1/s"), eeg=js.Leadfield(GAIN, moment_nam=0.1))


def test_another_number_of_nodes_names_both():
    chain = js.Pipeline(maker=Maker(n_nodes=5), leadfield=js.Leadfield(GAIN))
    sentence = r"gain has 3 sources, but 'activity' has 5 nodes.*\(3 x 5\)"
    with pytest.raises(ValueError, match=sentence):
        js.simulate(chain, jax.random.key(0))
    mapped = js.Leadfield(GAIN, nodes_to_sources=np.ones((3, 2)))
    with pytest.raises(ValueError, match="is made for 2 nodes, but 'activity' has 5"):
        js.check(js.Pipeline(maker=Maker(n_nodes=5), leadfield=mapped))


def test_gain_map_and_moment_have_gradients(x64, getkey):
    from jax.test_util import check_grads

    sources = activity(jax.random.normal(getkey(), (5, 2)), "mV")
    weights = jax.random.normal(getkey(), (5, 2))

    def outcome(gain, spread, moment):
        step = js.Leadfield(gain, spread, moment, reference="average")
        return (weights * step(sources)["field"].values ** 2).sum()

    spread = jnp.asarray([[0.5, 0.1], [0.5, 0.0], [0.2, 1.0]])
    values = (jnp.asarray(GAIN), spread, jnp.asarray(0.7))
    check_grads(outcome, values, order=1, modes=("rev", "fwd"), rtol=1e-6)


def test_a_leadfield_keeps_the_contract():
    chain = js.Leadfield(GAIN, moment_nam=0.5, sensors=("a", "b"))
    assert "gradients" in js.testing.check(
        chain, needs={"activity": activity(np.ones((4, 3)))}
    )
    assert js.testing.check(
        js.Leadfield(GAIN), needs={"activity": activity(np.ones((4, 3)))}
    )


def test_a_leadfield_may_be_rebuilt_while_jax_traces():
    step, sources = js.Leadfield(GAIN), activity(np.ones((1, 3)))

    @jax.jit
    def field(moment):  # gain is concrete here, the moment is not
        moved = js.replace(step, {"moment_nam": moment})
        return moved(sources)["field"].values

    np.testing.assert_allclose(field(2.0), 2 * step(sources)["field"].values)


BAD = {
    "one axis": (dict(gain=np.ones(3)), r"gain has shape \(3,\); it must be a matrix"),
    "three axes": (dict(gain=np.ones((3, 2, 2))), "sensors x sources"),
    "a row without numbers": (
        dict(gain=[[1, 2], [np.nan, np.nan]]),
        "not finite in 1 rows, the first is row 1. Leave out sensors",
    ),
    "too few names": (dict(gain=GAIN, sensors=("a",)), "1 names for 2 sensors"),
    "a map for other sources": (
        dict(gain=GAIN, nodes_to_sources=np.ones((4, 2))),
        "nodes_to_sources has 4 rows, but gain has 3 sources",
    ),
    "a map with holes": (
        dict(gain=GAIN, nodes_to_sources=np.full((3, 2), np.inf)),
        "nodes_to_sources is not finite",
    ),
    "an average of magnetometers": (
        dict(gain=GAIN, modality="meg", reference="average"),
        "a magnetometer has none",
    ),
    "a moment without end": (
        dict(gain=GAIN, moment_nam=np.inf),
        "moment_nam = inf nAm",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_with_its_sentence(name):
    fields, sentence = BAD[name]
    with pytest.raises(ValueError, match=sentence):
        js.Leadfield(**fields)


@pytest.mark.parametrize("gain", [None, [["a"]], [[1, 2], [3]]])
def test_what_is_no_matrix_is_refused(gain, unhooked):
    with pytest.raises(TypeError, match="must be a matrix of numbers"):
        js.Leadfield(gain)


@pytest.mark.parametrize("field", ["modality", "reference"])
def test_an_unknown_word_is_refused(field, unhooked):
    with pytest.raises(ValueError, match=f"Leadfield.{field} = 'ecog' is not one of"):
        js.Leadfield(GAIN, **{field: "ecog"})


@pytest.mark.parametrize(("modality", "scale"), [("eeg", 80.0), ("meg", 1e-6)])
def test_a_gain_in_si_units_is_told(modality, scale):
    with pytest.warns(UserWarning, match="multiply it by"):
        js.Leadfield(scale * np.asarray(GAIN), modality=modality)


# the real gains


@pytest.mark.parametrize(
    ("modality", "n_all", "n_silent", "some"),
    [("eeg", 65, 2, "IO1, IO2"), ("meg", 276, 28, "TRIGGER, RESPONSE, MLzA")],
)
@pytest.mark.parametrize("regions", ["76", "192"])
def test_the_gains_of_tvb_lose_their_silent_channels_with_one_warning(
    modality, n_all, n_silent, some, regions
):
    sentence = f"{n_silent} of {n_all} channels have no gain .* are left out: {some}"
    with pytest.warns(UserWarning, match=sentence) as told:
        step = js.Leadfield.from_tvb(modality, regions=regions)
    assert len(told) == 1
    assert step.gain.shape == (n_all - n_silent, int(regions))
    assert len(step.sensors) == n_all - n_silent and step.modality == modality
    seen = np.abs(np.asarray(step.gain)).max(axis=0) > 0
    assert seen.sum() == 76  # the cortex; the other 116 lie below it


@pytest.mark.filterwarnings("ignore:.*channels have no gain")
def test_the_gain_of_a_region_is_the_mean_over_its_vertices():
    folder = importlib.util.find_spec("tvb_data").submodule_search_locations[0]
    whole = np.load(f"{folder}/projectionMatrix/projection_eeg_65_surface_16k.npy")
    region = np.loadtxt(f"{folder}/regionMapping/regionMapping_16k_76.txt").astype(int)
    step = js.Leadfield.from_tvb("eeg")
    row = step.sensors.index("Cz")
    with open(f"{folder}/sensors/eeg_brainstorm_65.txt") as lines:
        names = [line.split()[0] for line in lines]
    vertices = whole[names.index("Cz")]
    expected = [1e-3 * vertices[region == r].mean() for r in range(76)]
    np.testing.assert_allclose(step.gain[row], expected, rtol=1e-5)
    with pytest.warns(UserWarning, match="reaches 45.7.*multiply it by 1e-3"):
        raw = js.Leadfield.from_tvb("eeg", unit="uV/nAm", reference="none")
    np.testing.assert_allclose(raw.gain[row] / 1000, step.gain[row], rtol=1e-5)


@pytest.mark.filterwarnings("ignore:.*channels have no gain")
def test_a_region_is_seen_strongest_by_sensors_near_it():
    """Gain, region map and connectome number the regions alike."""
    folder = importlib.util.find_spec("tvb_data").submodule_search_locations[0]
    step = js.Leadfield.from_tvb("eeg", reference="average")
    with open(f"{folder}/sensors/eeg_brainstorm_65.txt") as lines:
        places = {w[0]: np.array(w[1:4], float) for w in (x.split() for x in lines)}
    sensors = np.stack([places[name] for name in step.sensors])
    sensors /= np.linalg.norm(sensors, axis=1, keepdims=True)
    names = js.Connectome.from_tvb("76").labels
    left = np.array([name.startswith("l") for name in names])
    gain = np.abs(np.asarray(step.gain) - np.asarray(step.gain).mean(axis=0))
    side = np.einsum("sr,s->r", gain, sensors[:, 1]) / gain.sum(axis=0)
    # y points to the left: sensors on a region's own side see it more, on average
    assert side[left].mean() > 0 > side[~left].mean()


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (dict(modality="ecog"), "a gain for 'eeg' and for 'meg'"),
        (dict(regions="68"), "to 76 or to 192 regions, not to 68"),
        (dict(unit="T/Am"), "a gain of EEG is in uV/nAm or V/Am"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*channels have no gain")
def test_other_gains_of_tvb_are_refused(call, sentence, unhooked):
    with pytest.raises(ValueError, match=sentence):
        js.Leadfield.from_tvb(**call)


def test_without_tvb_data_the_sentence_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match=r"Leadfield.*jaxsim-neuro\[tvb\]"):
        js.Leadfield.from_tvb("meg")
