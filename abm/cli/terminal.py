"""Output on a terminal without Unicode: the nearest plain letters, and never a crash."""

import codecs
import io
import re
import sys
import unicodedata

PLAIN = str.maketrans(
    {
        **{"µ": "u", "μ": "u", "×": "x", "–": "-", "—": "-", "−": "-", "⁻": "-", "·": "*", "…": "...", "→": "->"},
        **{"’": "'", "“": '"', "”": '"', "≤": "<=", "≥": ">=", "±": "+-", "∞": "inf", "√": "sqrt", "½": "1/2"},
        **{"α": "alpha", "β": "beta", "γ": "gamma", "κ": "kappa", "λ": "lambda", "ρ": "rho", "σ": "sigma", "°": "deg"},
        **{"ß": "ss", "æ": "ae", "ø": "o", "ł": "l", "Ł": "L", "✓": "yes", "✗": "no"},
    }
)
RAISED = re.compile("[⁻⁰¹²³⁴-⁹]+")
ERRORS = "abm-plain"


def take_every_character() -> None:
    """Let standard output and error write any text, whatever the locale."""
    codecs.register_error(ERRORS, _plain)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=ERRORS)


def _plain(error: UnicodeError) -> tuple[str | bytes, int]:
    """Return a replacement for letters that cannot be written; undecodable bytes of file names stay as they are."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    if "\udc80" <= min(text) <= max(text) <= "\udcff":
        return text.encode("ascii", "surrogateescape"), error.end
    text = RAISED.sub(lambda found: f"^{found[0]}", text).translate(PLAIN)
    letters = "".join(part for part in unicodedata.normalize("NFKD", text) if not unicodedata.combining(part))
    return letters.encode("ascii", "replace").decode(), error.end
