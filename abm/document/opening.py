"""Opening a file that may be unsuitable: a device, too large, in another encoding."""

import os
import stat

from abm.core.errors import Fault, InputError
from abm.document.shipped import near

MAX_BYTES = 1_000_000


def text_of(file: str) -> str:
    """Return the text of a regular file of moderate size.

    Raises
    ------
    InputError
        There is none, it cannot be opened, or it is not in UTF-8.
    """
    raw = _bytes(file)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        place = (file, before.count(b"\n") + 1, error.start - (before.rfind(b"\n") + 1) + 1)
        message = f"byte 0x{raw[error.start]:02x} is not UTF-8"
        raise InputError(Fault(message, "", *place, allowed="text in UTF-8")) from None


def _bytes(file: str) -> bytes:
    try:
        mode = os.stat(file).st_mode
        if not stat.S_ISREG(mode):
            kind = "a directory" if stat.S_ISDIR(mode) else "no regular file"
            raise InputError(Fault(f"is {kind}", file=file, allowed="a YAML file"))
        with open(file, "rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise InputError(Fault("no such file", file=file, nearest=near(file))) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(Fault(f"cannot be opened: {reason}", file=file[:200])) from None
    if len(raw) > MAX_BYTES:
        raise InputError(Fault("the file is too large", file=file, allowed=f"at most {MAX_BYTES} bytes"))
    return raw
