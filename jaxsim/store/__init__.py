"""Documents, stores and the cache: what outlives the process that computed it."""

from jaxsim.store.archive import (
    load as load,
    read_document as read_document,
    save as save,
)
from jaxsim.store.cache import (
    cache_clear as cache_clear,
    cache_info as cache_info,
    remembered as remembered,
)
from jaxsim.store.clean import clean as clean
from jaxsim.store.documents import dumps as dumps, loads as loads
from jaxsim.store.spec import (
    digest as digest,
    from_spec as from_spec,
    json_schema as json_schema,
    to_spec as to_spec,
)
from jaxsim.store.sweeps import SweepStore as SweepStore
