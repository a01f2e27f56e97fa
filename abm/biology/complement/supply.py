"""What a finite supply of molecules allows."""

import numpy as np

from abm.core.rng import Key, fill_first


def trim(
    events: np.ndarray,
    n_events: np.ndarray,
    most: np.ndarray | float,
    cells: tuple[np.ndarray, np.ndarray],
    decision: int,
    key: Key,
) -> np.ndarray:
    """Cut events to what a finite supply of molecules allows; who is served is drawn anew in every step.

    Parameters
    ----------
    events : array of int, shape (n cells,)
        Changed in place.
    n_events, most : arrays, shape (n_subjects,)
        Events there are, and those that the supply allows.
    cells : arrays, shapes (n cells,) and (n_subjects + 1,)
        Identities, and where the cells of each subject begin.
    decision, key
        For the draw.

    Returns
    -------
    array, shape (n_subjects,)
        Events that are left.
    """
    too_many = n_events > most
    if not too_many.any():
        return n_events
    left, (uid, first) = n_events.copy(), cells
    for s in np.flatnonzero(too_many):
        rows = slice(*first[s : s + 2])
        own, turn = events[rows], np.empty(rows.stop - rows.start)
        fill_first(turn, uid[rows], decision, (key[0][s], key[1]))
        order = np.argsort(turn)
        wanted = own[order]
        served = np.maximum(0.0, np.broadcast_to(most, n_events.shape)[s] - (np.cumsum(wanted) - wanted))
        own[order] = np.minimum(wanted, np.floor(served))
        left[s] = own.sum()
    return left
