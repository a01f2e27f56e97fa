"""Files of events, written here."""

import numpy as np
import pytest

N = 400


@pytest.fixture
def write_fcs(tmp_path):
    """Return the function that writes columns, each by its name, as FCS 3.1, and returns where."""

    def write(columns, name="sample.fcs", kind="F", order="1,2,3,4", tail=b"", **keywords):
        letter = {"F": "f4", "I": "u2", "D": "f8"}[kind]
        layout = np.dtype([(own, ("<" if order == "1,2,3,4" else ">") + letter) for own in columns])
        data = np.empty(len(next(iter(columns.values()))), layout)
        for own, values in columns.items():
            data[own] = values
        words = {"MODE": "L", "DATATYPE": kind, "BYTEORD": order, "PAR": len(columns), "TOT": data.size, "NEXTDATA": 0}
        for i, own in enumerate(columns, start=1):
            words |= {f"P{i}N": own, f"P{i}B": 8 * layout[own].itemsize, f"P{i}R": 1024, f"P{i}E": "0,0"}
        words |= {key.removeprefix("_"): word for key, word in keywords.items()}
        text = ("|" + "".join(f"${key}|{word}|" for key, word in words.items() if word is not None)).encode()
        begin = 58 + len(text)
        places = 58, begin - 1, begin, begin + data.nbytes - 1, 0, 0
        header = b"FCS3.1    " + b"".join(f"{place:8d}".encode() for place in places)
        path = tmp_path / name
        path.write_bytes(header + text + data.tobytes() + tail)
        return path

    return write


@pytest.fixture
def write_csv(tmp_path):
    """Return the function that writes a table of events, or bytes, and returns where."""

    def write(content, name="events.csv", between=","):
        path = tmp_path / name
        if isinstance(content, dict):
            rows = zip(*content.values(), strict=True)
            content = "\n".join(between.join(map(str, row)) for row in [tuple(content), *rows]).encode()
        path.write_bytes(content)
        return path

    return write
