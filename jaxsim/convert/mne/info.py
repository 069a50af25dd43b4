"""mne.Info of a recording: channels by name, what they measure, where they are."""

from typing import Any, NamedTuple

import numpy as np

from jaxsim.core.installed import needed
from jaxsim.core.lookup import last_with
from jaxsim.core.recording import Recording
from jaxsim.core.signal import Series
from jaxsim.meeg.epoch import clock_of
from jaxsim.meeg.source_space import radial, tangential_basis


KIND = {"uV": "eeg", "fT": "mag"}
SI = {"uV": 1e-6, "fT": 1e-15, "nAm": 1e-9, "1": 1.0}  # house unit -> MNE's
POINT_MAGNETOMETER = 2000  # coil type of MNE
DEVICE = 1  # coordinate frame of MNE


class Places(NamedTuple):
    """Where sensors are, (sensor, 3) in metres; coils also say which way they face."""

    names: tuple[str, ...]
    positions: np.ndarray
    normals: np.ndarray | None = None
    weights: np.ndarray | None = None


def to_info(recording: Recording, signal: str = "field", layout: Any = None) -> Any:
    """The channels of a signal, as `mne.Info`.

    Names and order are those of the sensors, so that they are those of the
    `mne.Forward` that a `js.Leadfield.from_mne` came from. Potentials become channels
    of type "eeg", magnetic fields "mag" ("grad" where a coil's weights cancel).

    Args:
        recording: of one run or of many.
        signal: in uV or fT, over "time sensor".
        layout: where the sensors are: a `js.meeg.Layout` or `mne` montage in the frame
            of the head, or an `mne.Info` that has these channels and their coils. None:
            as the process knows it (`js.SphereEeg`, `js.SphereMeg`), or unknown.

    Raises:
        ModuleNotFoundError: MNE is not installed.
        ValueError: a signal that no channel measures, or a layout of other sensors.
    """
    mne = needed("mne", "js.convert.mne", "mne")
    series = sensed(recording, signal)
    kind, n_sensors = KIND[series.card.unit], series.values.shape[-1]
    known = _known(recording.process, n_sensors)
    labels = series.labels_of("sensor")
    if layout is None:
        names = labels or (known.names if known else ()) or _numbered(n_sensors)
        places = known
    else:
        own = _names_of(layout)
        names = labels or (own if len(own) == n_sensors else _numbered(n_sensors))
        places = None if isinstance(layout, mne.Info) else _chosen(mne, layout, names)
    if kind == "mag" and places and places.weights is not None:
        kind = "grad" if np.allclose(places.weights.sum(1), 0, atol=1e-6) else kind
    info = mne.create_info(list(names), clock_of(series).rate_hz, kind, verbose="error")
    if isinstance(layout, mne.Info):
        _copy_channels(info, layout, names)
    elif places is not None and kind == "eeg":
        _place_electrodes(mne, info, names, places.positions)
    elif places is not None:
        _place_coils(mne, info, places)
    return info


def sensed(recording: Recording, signal: str) -> Series:
    """A signal that sensors of MNE could have recorded.

    Raises:
        ValueError: of another unit, or not over "time sensor".
    """
    series = recording[signal]
    if series.card.dims != "time sensor" or series.card.unit not in KIND:
        raise ValueError(
            f"'{signal}' is over '{series.card.dims}' in {series.card.unit}; a channel "
            "of MNE takes a signal over 'time sensor' in uV (EEG) or fT (MEG), which a "
            "leadfield makes."
        )
    return series


def _numbered(n: int) -> tuple[str, ...]:
    return tuple(f"E{k + 1}" for k in range(n))


def _known(process: Any, n_sensors: int) -> Places | None:
    """What the last step of a process that has sensors knows of them."""
    part: Any = last_with(process, "sensor_positions_m")
    if part is None or len(part.sensor_positions_m) != n_sensors:
        return None
    points = np.asarray(part.sensor_positions_m, float)
    if hasattr(part, "radii_m"):  # electrodes lie on the outer shell
        centre = np.asarray(part.centre_m, float)
        points = centre + float(part.radii_m[-1]) * radial(points, centre)
        return Places(part.sensors, points)
    normals = np.asarray(part.sensor_normals, float).mean(1)
    weights = part.coil_weights
    return Places(
        part.sensors,
        points.mean(1),
        radial(normals),
        None if weights is None else np.asarray(weights, float),
    )


def _names_of(layout: Any) -> tuple[str, ...]:
    named = getattr(layout, "sensors", None) or getattr(layout, "ch_names", None)
    return tuple(named or ())


def _chosen(mne: Any, layout: Any, names: tuple[str, ...]) -> Places:
    """The places of these sensors, by name where the layout has names."""
    if isinstance(layout, mne.channels.DigMontage):
        found = layout.get_positions()
        if found["coord_frame"] != "head":
            layout = mne.channels.transform_to_head(layout)
            found = layout.get_positions()
        own, positions = tuple(found["ch_pos"]), np.stack([*found["ch_pos"].values()])
    else:
        own, positions = tuple(layout.sensors), np.asarray(layout.positions_m, float)
    own = own or names
    missing = [n for n in names if n not in own]
    if missing or len(own) != len(positions):
        raise ValueError(
            f"the layout has no place of {', '.join(missing[:5]) or 'every sensor'}; "
            f"it has {len(positions)} places, of {', '.join(own[:5])}, ... Names of "
            "sensors are given to the leadfield: js.Leadfield(..., sensors=...)."
        )
    return Places(names, positions[[own.index(n) for n in names]])


def _place_electrodes(
    mne: Any, info: Any, names: tuple[str, ...], positions: np.ndarray
) -> None:
    """Electrodes in the frame of the head, which three landmarks on its axes span."""
    radius = float(np.linalg.norm(positions, axis=1).mean())
    montage = mne.channels.make_dig_montage(
        dict(zip(names, positions, strict=True)),
        nasion=(0.0, radius, 0.0),
        lpa=(-radius, 0.0, 0.0),
        rpa=(radius, 0.0, 0.0),
        coord_frame="head",
    )
    info.set_montage(montage, verbose="error")


def _place_coils(mne: Any, info: Any, places: Places) -> None:
    """Coils in the frame of the device, which is that of the head."""
    normals = radial(places.positions) if places.normals is None else places.normals
    across = tangential_basis(normals)
    rows = zip(info["chs"], places.positions, normals, across, strict=True)
    for channel, position, normal, basis in rows:
        turned = np.concatenate([basis[:, 0], basis[:, 1], normal])
        channel.update(loc=np.r_[position, turned], coord_frame=DEVICE)
        if places.weights is None:
            channel["coil_type"] = POINT_MAGNETOMETER
    info["dev_head_t"] = mne.Transform("meg", "head")


def _copy_channels(info: Any, given: Any, names: tuple[str, ...]) -> None:
    """Kind, coil and place of every channel, from an info of the user's."""
    known = {channel["ch_name"]: channel for channel in given["chs"]}
    missing = [n for n in names if n not in known]
    if missing:
        raise ValueError(
            f"the mne.Info has no channel {', '.join(missing[:5])}; it has "
            f"{', '.join(list(known)[:5])}, ..."
        )
    for channel in info["chs"]:
        same = known[channel["ch_name"]]
        for key in ("kind", "coil_type", "unit", "coord_frame"):
            channel[key] = same[key]
        channel["loc"] = np.array(same["loc"])
    montage = given.get_montage() if given.get("dig") else None
    if montage is not None and "eeg" in info.get_channel_types():
        info.set_montage(montage, on_missing="ignore", verbose="error")
    info["dev_head_t"] = given["dev_head_t"]
    info["bads"] = [n for n in given["bads"] if n in names]
