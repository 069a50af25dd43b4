"""experanto: its modality configuration and its call become a dataset of ours.

A script needs one other import:

```python
from jaxsim.convert import experanto

chunks = experanto.ChunkDataset(path, modality_config=config)  # a js.ChunkDataset
```

A configuration means what it says: conditions may name any column of the trials, and
transforms are applied. With `compat=True` it means what experanto 0.1 makes of it:
times are rounded to 10 us, transforms other than `normalization` are silently skipped,
and an empty filter counts as none. In both, samples have its layout, (colour, time, y,
x) for the screen; unknown words are refused by name, and so is what is not done here:

- `transforms`: torchvision's ToTensor, Normalize, Resize, CenterCrop; any other is
  refused. ToTensor changes nothing: frames keep their 0 to 255, as there.
- `normalize`, `normalize_variance_only`, `standardize` as flags: as `normalization`.
- `interpolation`: `nearest_neighbor` is the sample before, as there; `linear`;
  `keep_nans`; `rescale`. An interpolator of your own (`_target_`) is refused.
- `filters`: `nan_filter`; any other is refused.
- `normalize_timestamps`: seconds from the start of the chunk, so that float32 is exact
  enough after ten hours. *compat*: from the start of the recording.
- `replace_nans_with_means`: honoured. *compat*: ignored, as there.
- `add_behavior_as_channels` is refused.
"""

from jaxsim.convert.experanto.config import (
    DEFAULT_MODALITY_CONFIG as DEFAULT_MODALITY_CONFIG,
    modalities as modalities,
    read_config as read_config,
)
from jaxsim.convert.experanto.dataset import ChunkDataset as ChunkDataset
