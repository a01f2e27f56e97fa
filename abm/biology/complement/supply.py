"""What a finite supply of molecules allows."""

import numpy as np

from abm.core.rng import Key, fill_first


def trim(events: np.ndarray, n_events: int, most: float, uid: np.ndarray, decision: int, key: Key) -> int:
    """Cut events to what a finite supply of molecules allows; who is served is drawn anew in every step.

    Parameters
    ----------
    events : array of int, shape (n cells,)
        Changed in place.
    n_events, most : int and float
        Events there are, and those that the supply allows.
    uid : array of uint64, shape (n cells,)
        Identities.
    decision, key
        For the draw.

    Returns
    -------
    int
        Events that are left.
    """
    if n_events <= most:
        return n_events
    turn = np.empty(events.size)
    fill_first(turn, uid, decision, key)
    order = np.argsort(turn)
    wanted = events[order]
    left = np.maximum(0.0, most - (np.cumsum(wanted) - wanted))
    events[order] = np.minimum(wanted, np.floor(left))
    return int(events.sum())
