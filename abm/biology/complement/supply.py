"""What a finite supply of molecules allows."""

import numpy as np


def trim(events: np.ndarray, supply: float, per_event: float) -> None:
    """Cut events, in row order, to what a finite supply of molecules allows."""
    if events.sum() * per_event > supply:
        left = np.maximum(0.0, supply / max(per_event, 1e-300) - (np.cumsum(events) - events))
        np.minimum(events, np.floor(left), out=events, casting="unsafe")
