"""Movies as Neurodata Without Borders, with the truth beside them, through pynwb."""

import datetime
import json
from pathlib import Path
from typing import Any

import numpy as np

from jaxsim.core.installed import needed
from jaxsim.core.recording import Recording
from jaxsim.core.signal import Series
from jaxsim.store.movie_source import MovieSource
from jaxsim.store.spec import digest, to_spec


def write_nwb(source: MovieSource, path: Path) -> None:
    """The movie under acquisition; under processing/truth what was recorded with it.

    Signals in time become TimeSeries, values of cells the columns of a table `cells`,
    pictures GrayscaleImages; the process lies in the notes.
    """
    pynwb = needed("pynwb", "export_movie of an .nwb file", "nwb")
    from hdmf.data_utils import DataChunkIterator

    file = pynwb.NWBFile(
        session_description="a movie simulated by jaxsim",
        identifier=_identifier(source.around),
        session_start_time=datetime.datetime.now(datetime.UTC),
        notes=_notes(source.around),
    )
    frames = (frame for block in source.blocks for frame in block)
    data = DataChunkIterator(
        data=frames, maxshape=source.shape, dtype=source.dtype, buffer_size=64
    )
    series = pynwb.ophys.OnePhotonSeries(
        name=source.name,
        data=data,
        imaging_plane=_plane(pynwb, file, source.rate_hz),
        rate=source.rate_hz,
        unit="ADU",
    )
    file.add_acquisition(series)
    _add_truth(pynwb, file, source)
    with pynwb.NWBHDF5IO(str(path), "w") as out:
        out.write(file)


def _identifier(recording: Recording) -> str:
    return "jaxsim" if recording.process is None else digest(recording.process)


def _notes(recording: Recording) -> str:
    told: dict[str, Any] = {"program": "jaxsim"}
    if recording.process is not None:
        told["process"] = to_spec(recording.process)
    for name in recording.names:
        values = np.asarray(recording[name].values)
        if not values.ndim:
            told[name] = float(values)
    return json.dumps(told)


def _plane(pynwb: Any, file: Any, rate_hz: float) -> Any:
    device = file.create_device(name="microscope", description="simulated")
    channel = pynwb.ophys.OpticalChannel(
        name="emission", description="green", emission_lambda=525.0
    )
    return file.create_imaging_plane(
        name="plane",
        optical_channel=channel,
        device=device,
        description="the field of view",
        excitation_lambda=470.0,
        imaging_rate=rate_hz,
        indicator="GCaMP",
        location="simulated tissue",
    )


def _add_truth(pynwb: Any, file: Any, source: MovieSource) -> None:
    recording = source.around
    truth = file.create_processing_module("truth", "what is hidden in real recordings")
    columns: dict[str, Series] = {}
    pictures = []
    for name in recording.names:
        series = recording[name]
        dims, values = series.card.dims.split(), np.asarray(series.values)
        safe = name.replace(".", "_").replace("/", "_")
        if name == source.name or not dims or dims[:3] == ["time", "y", "x"]:
            continue
        if dims[0] == "time" and series.clock is not None:
            truth.add(
                pynwb.TimeSeries(
                    name=safe,
                    data=values,
                    unit=series.card.unit,
                    rate=series.clock.rate_hz,
                    description=series.card.doc,
                )
            )
        elif dims == ["y", "x"]:
            pictures.append(pynwb.image.GrayscaleImage(name=safe, data=values))
        elif dims[0] == "cell":
            columns[safe] = series
    if pictures:
        truth.add(pynwb.base.Images(name="fields", images=pictures))
    if columns:
        truth.add(_table(columns))


def _table(columns: dict[str, Series]) -> Any:
    from hdmf.common import DynamicTable, VectorData

    made = [
        VectorData(
            name=name,
            description=f"{series.card.doc} ({series.card.unit})",
            data=np.asarray(series.values),
        )
        for name, series in columns.items()
    ]
    return DynamicTable(
        name="cells", description="every place for a cell", columns=made
    )
