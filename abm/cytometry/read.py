"""Opening a file of events by its ending."""

import os
from functools import lru_cache

from abm.core.errors import Fault, InputError, nearest
from abm.core.user_file import UserFile
from abm.cytometry.events import Events, content_of
from abm.cytometry.fcs import read_fcs
from abm.cytometry.table import read_csv_events, read_parquet_events

READERS = {
    ".fcs": read_fcs,
    ".lmd": read_fcs,
    ".csv": read_csv_events,
    ".tsv": read_csv_events,
    ".txt": read_csv_events,
    ".parquet": read_parquet_events,
}


@lru_cache(maxsize=2)
def read_events(file: UserFile) -> Events:
    """Return the events of a file.

    Parameters
    ----------
    file : UserFile
        Known by its content.

    Raises
    ------
    InputError
        It cannot be read, or its content is another.
    """
    name = file.name
    ending = os.path.splitext(name)[1].lower()
    if ending not in READERS:
        known = ", ".join(READERS)
        raise InputError(Fault(f"{name}: not known by its ending", allowed=known, nearest=nearest(ending, READERS)))
    if file.sheet:
        raise InputError(Fault(f"{name}: has no sheets", "sheet", allowed="nothing said of a sheet"))
    return READERS[ending](file.file, content_of(file))
