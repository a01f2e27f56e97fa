"""What a finite supply of molecules allows."""

import numpy as np

from abm.core.rng import Key, fill_uniform


def trim(events: np.ndarray, supply: float, per_event: float, uid: np.ndarray, decision: int, key: Key) -> None:
    """Cut events to what a finite supply of molecules allows; who is served is drawn anew in every step.

    Parameters
    ----------
    events : array of int, shape (n cells,)
        Changed in place.
    supply, per_event : float
        Molecules there are, and molecules an event takes.
    uid : array of uint64, shape (n cells,)
        Identities.
    decision, key
        For the draw.
    """
    if events.sum() * per_event <= supply:
        return
    turn = np.empty(events.size)
    fill_uniform(turn, uid, decision, key)
    order = np.argsort(turn)
    wanted = events[order]
    left = np.maximum(0.0, supply / max(per_event, 1e-300) - (np.cumsum(wanted) - wanted))
    events[order] = np.minimum(wanted, np.floor(left))
