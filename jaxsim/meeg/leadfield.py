"""Leadfield: what sensors see of sources."""

import os
from typing import Any, ClassVar, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from jaxsim.core.param import Data, Param, concrete, data, param, static
from jaxsim.core.signal import Series, Signal
from jaxsim.core.step import AbstractStep
from jaxsim.meeg.check_gain import as_matrix, check_finite, check_magnitude
from jaxsim.meeg.directions import as_directions, as_points
from jaxsim.meeg.forward_solution import read_forward
from jaxsim.meeg.gain_file import GainFile
from jaxsim.meeg.load import read_gain, read_tvb_gain
from jaxsim.meeg.moment import source_moment
from jaxsim.meeg.signals import FIELD, FIELD_UNIT, GAIN, ORIENTATIONS, POSITIONS
from jaxsim.meeg.source_space import on_sphere


class Leadfield(AbstractStep):
    r"""What sensors see of sources: potentials (EEG) or magnetic fields (MEG).

    $$ \phi_s(t) = \sum_k L_{sk}\, q_k(t), \qquad q_k = m \sum_n M_{kn}\, x_n $$

    with $L$ the `gain` in uV/nAm or fT/nAm, $x$ the activity of the nodes, $m$ the
    source moment in nAm that one unit of activity stands for (`moment_nam`), and $M$
    the map from nodes to sources (`nodes_to_sources`; without it source k is node k).
    The volume conductor is quasi-static: the field follows its sources at once.

    **Needs:** `activity`. **Makes:** `field`; `gain`, with the reference applied, as an
    estimator needs it; `source_positions` and `orientations`, where they are given.

    With K components at each location (`n_components`) the columns of `gain` and of
    `activity` are source-major: component k of location n is column n K + k.

    Activity in nAm is a moment already. In any other unit `moment_nam` is needed,
    unless the maker's card says what a unit of its activity stands for; a pipeline
    refuses to be built without it.

    ```bibtex
    @article{haemaelaeinen1993, title={Magnetoencephalography: theory, instrumentation,
      and applications to noninvasive studies of the working human brain},
      author={H{\"a}m{\"a}l{\"a}inen, M. and Hari, R. and Ilmoniemi, R. J. and
      Knuutila, J. and Lounasmaa, O. V.}, journal={Reviews of Modern Physics},
      volume={65}, number={2}, pages={413--497}, year={1993}}
    ```
    """

    gain: Data = data(
        "sensor source", "uV/nAm or fT/nAm", "field at each sensor of a unit source"
    )
    nodes_to_sources: Data | None = data(
        "source node",
        "1",
        "what each source carries of each node; none: source k is node k",
        None,
    )
    moment_nam: Param | None = param(
        None,
        "nAm",
        (-1e6, 1e6),
        "source moment that one unit of activity stands for; none: as its maker says",
    )
    modality: Literal["eeg", "meg"] = static("eeg", "potentials (uV) or fields (fT)")
    reference: Literal["none", "average"] = static(
        "none", "of EEG: as the gain has it, or the mean over sensors"
    )
    sensors: tuple[str, ...] = static((), "name of each sensor")
    positions_m: Data | None = data(
        "location xyz", "m", "where the sources are; none: not known", None
    )
    orientations: Data | None = data(
        "location xyz component",
        "1",
        "direction of each component; none: not known",
        None,
    )
    n_components: int = static(
        1, "columns of gain that one location has: its orientations", bounds=(1, 3)
    )

    makes: ClassVar[dict[str, Signal]] = {"field": FIELD, "gain": GAIN}

    def __post_init__(self) -> None:
        self.gain = as_matrix(self.gain, "gain")
        if self.nodes_to_sources is not None:
            self.nodes_to_sources = as_matrix(self.nodes_to_sources, "nodes_to_sources")
        if self.positions_m is not None:
            self.positions_m = as_points(self.positions_m, "Leadfield.positions_m")
        n_locations = self.gain.shape[1] // self.n_components
        self.orientations = as_directions(self.orientations, n_locations, "Leadfield")
        if isinstance(self.sensors, (list, np.ndarray)):
            self.sensors = tuple(str(name) for name in self.sensors)

    def __check_init__(self) -> None:
        n_sensors, n_sources = self.gain.shape
        check_finite(self.gain, "gain")
        if self.sensors and len(self.sensors) != n_sensors:
            raise ValueError(
                f"Leadfield.sensors has {len(self.sensors)} names for {n_sensors} "
                "sensors (rows of gain); give one name per sensor, or none."
            )
        if self.nodes_to_sources is not None:
            check_finite(self.nodes_to_sources, "nodes_to_sources")
            if self.nodes_to_sources.shape[0] != n_sources:
                raise ValueError(
                    f"Leadfield.nodes_to_sources has {self.nodes_to_sources.shape[0]} "
                    f"rows, but gain has {n_sources} sources (columns)."
                )
        self._check_locations()
        if self.reference == "average" and self.modality == "meg":
            raise ValueError(
                "Leadfield.reference = 'average' is a reference of EEG; a magnetometer "
                "has none. Leave it out."
            )
        if concrete(self.gain):
            check_magnitude(float(np.abs(self.gain).max()), self.modality)

    def _check_locations(self) -> None:
        n_sources, k = self.gain.shape[1], self.n_components
        if n_sources % k:
            raise ValueError(
                f"Leadfield.n_components = {k}, but gain has {n_sources} sources "
                "(columns): they do not fall into locations of as many components."
            )
        ways = self.orientations
        if ways is not None and ways.shape[2] != k:
            raise ValueError(
                f"Leadfield.orientations has {ways.shape[2]} components, but "
                f"n_components = {k}."
            )
        found = self.positions_m
        if found is not None and len(found) * k != n_sources:
            raise ValueError(
                f"Leadfield.positions_m has {len(found)} locations, but gain has "
                f"{n_sources} sources in {n_sources // k} locations of {k} components."
            )

    def cards(self) -> dict[str, Signal]:
        """`field` in uV or fT, and where the sources are."""
        unit = FIELD_UNIT.get(self.modality, "uV")
        field, gain = type(self).makes["field"], type(self).makes["gain"]
        known = {}
        if self.positions_m is not None:
            known["source_positions"] = POSITIONS
        if self.orientations is not None:
            known["orientations"] = ORIENTATIONS
        return {
            "field": field._replace(unit=unit),
            "gain": gain._replace(unit=f"{unit}/nAm"),
            **known,
        }

    def accept(self, cards: dict[str, Signal], name: str) -> None:
        """Refuse activity of which nobody says what source moment it stands for."""
        if "activity" in cards:
            self._moment(cards["activity"], name)

    def _moment(self, card: Signal, name: str) -> Any:
        return source_moment(card, self.moment_nam, name, "Leadfield")

    def __call__(self, activity: Series) -> dict[str, Any]:
        """The field of the activity, and the gain as estimators need it."""
        gain = to_nodes = self.referenced()
        if self.nodes_to_sources is not None:
            to_nodes = jnp.matmul(gain, self.nodes_to_sources, precision="highest")
        self._check_nodes(activity.values.shape[-1])
        moment = jnp.asarray(self._moment(activity.card, "leadfield"), gain.dtype)
        to_nodes = to_nodes * (moment[None, :] if moment.ndim else moment)
        values = jnp.matmul(activity.values, to_nodes.T, precision="highest")
        return self.around(Series(values, activity.clock, self.cards()["field"]), gain)

    def referenced(self) -> Float[Array, "sensor source"]:
        """The gain with the reference applied."""
        if self.reference == "average":
            return self.gain - jnp.mean(self.gain, axis=0, keepdims=True)
        return self.gain

    def around(
        self, field: Series, gain: Float[Array, "sensor source"]
    ) -> dict[str, Any]:
        """A field with the gain that it is seen through, and where the sources are."""
        names = (("sensor", self.sensors),) if self.sensors else ()
        cards = self.cards()
        made = {
            "field": Series(field.values, field.clock, cards["field"], names),
            "gain": Series(gain, None, cards["gain"], names),
        }
        if self.positions_m is not None:
            made["source_positions"] = Series(self.positions_m, None, POSITIONS)
        if self.orientations is not None:
            made["orientations"] = Series(self.orientations, None, ORIENTATIONS)
        return made

    def _check_nodes(self, n_nodes: int) -> None:
        n_sources = self.gain.shape[1]
        expected, what = n_sources, f"gain has {n_sources} sources"
        if self.nodes_to_sources is not None:
            expected = self.nodes_to_sources.shape[1]
            what = f"nodes_to_sources is made for {expected} nodes"
        if n_nodes != expected:
            raise ValueError(
                f"Leadfield: {what}, but 'activity' has {n_nodes} nodes. Take a gain "
                "made for these nodes, or give nodes_to_sources, a matrix of sources x "
                f"nodes ({n_sources} x {n_nodes})."
            )

    @classmethod
    def from_file(
        cls,
        path: str | os.PathLike,
        modality: Literal["eeg", "meg"] = "eeg",
        *,
        unit: str | None = None,
        sensors_path: str | os.PathLike | None = None,
        **given: Any,
    ) -> "Leadfield":
        """Read a gain from `.npy`, `.npz`, `.mat` or a text table.

        Channels without any gain (NaN throughout) are left out and named in a warning.
        An `.npz` of CaliBrain brings its positions, components and unit along.

        Args:
            path: the file; rows are sensors, columns are sources.
            modality: "eeg" or "meg".
            unit: of the file: "uV/nAm" or "V/Am"; "fT/nAm" or "T/Am"; none: the first.
            sensors_path: names of the rows, one per line or a JSON list.
            **given: any other field, `reference="average"`.

        Raises:
            FileNotFoundError: no such file.
            ValueError: unreadable, hostile, or no gain.
        """
        found = read_gain(path, modality, unit, sensors_path)
        return cls._of(found, modality, given)

    @classmethod
    def from_tvb(
        cls,
        modality: Literal["eeg", "meg"] = "eeg",
        regions: str = "76",
        *,
        unit: str | None = None,
        **given: Any,
    ) -> "Leadfield":
        """The EEG (65) or MEG (276) gain of the user's installed `tvb-data`, by region.

        The gain of 16384 cortical vertices is averaged over each region: a column is
        the field of a unit moment spread evenly over that region's cortex (moments of
        opposite banks cancel). Channels without gain are left out and named in one
        warning (2 of the EEG, 28 of the MEG). Regions without cortex are not seen.

        `tvb-data` does not say what unit its gains are in. Their sizes (EEG: median 10;
        MEG: median 9e-7) are those of V/(A m) and T/(A m), so they are read as such; if
        you know better, give `unit`.

        Args:
            modality: "eeg" or "meg".
            regions: "76" or "192", to go with `Connectome.from_tvb(regions)`.
            unit: "V/Am" or "uV/nAm"; "T/Am" or "fT/nAm".
            **given: any other field, `moment_nam=0.5`.

        Raises:
            ModuleNotFoundError: `tvb-data` is not installed.
            ValueError: another modality, number of regions or unit.
        """
        asked_by = f"Leadfield.from_tvb({modality!r}, regions={regions!r})"
        found = read_tvb_gain(modality, str(regions), unit, asked_by)
        return cls._of(found, modality, given)

    @classmethod
    def from_mne(
        cls,
        forward: Any,
        modality: Literal["eeg", "meg"] = "eeg",
        **given: Any,
    ) -> "Leadfield":
        """The gain of a forward solution of MNE, in house units.

        Fixed orientations are one component by location, free ones three, along the
        directions that the solution has (x, y and z, or those of the surface).

        Args:
            forward: `mne.Forward`, or the path of a `-fwd.fif` file.
            modality: which of its channels; magnetometers and gradiometers, whose units
                differ, must be parted before (`mne.pick_types_forward`).
            **given: any other field, `reference="average"`.

        Raises:
            ModuleNotFoundError: a path, and MNE is not installed.
            ValueError: no channels of this modality, or of two units.
        """
        return cls._of(read_forward(forward, modality), modality, given)

    @classmethod
    def random(
        cls,
        key: PRNGKeyArray,
        n_sensors: int = 64,
        n_locations: int = 1284,
        n_components: int = 1,
        **given: Any,
    ) -> "Leadfield":
        """A gain of standard normal numbers, of locations spread over a sphere.

        It looks like no head, and is what estimators do best on.

        Args:
            key: `jax.random.key(seed)`.
            n_sensors: rows.
            n_locations: on the upper half of a sphere of 7 cm.
            n_components: columns of each.
            **given: any other field, `modality="meg"`.
        """
        shape = (n_sensors, n_locations * n_components)
        fields = {"n_components": n_components, "positions_m": on_sphere(n_locations)}
        return cls(**{"gain": jax.random.normal(key, shape), **fields, **given})

    @classmethod
    def _of(cls, found: GainFile, modality: Any, given: dict[str, Any]) -> "Leadfield":
        fields = {**found._asdict(), "modality": modality}
        return cls(**{**fields, **given})
