"""Parts of a process, found by what they know."""

import jaxsim as js
from jaxsim.core.lookup import last_with


def test_the_last_part_that_has_a_field_is_found():
    first, last = js.SensorNoise(alpha_snr=0.2), js.SensorNoise(alpha_snr=0.7)
    process = js.Pipeline(
        silent=js.meeg.SilentSources(n_locations=2),
        eeg=js.Leadfield([[1.0, 2.0]]),
        one=first,
        inside=js.Pipeline(("field",), two=last),
    )
    assert float(last_with(process, "alpha_snr").alpha_snr) > 0.5
    assert last_with(process, "tmin_s").n_locations == 2
    assert last_with(process, "sensor_positions_m") is None
    assert last_with(None, "anything") is None
