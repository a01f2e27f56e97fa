"""One run folder in, one out: tables, checks and provenance that any tool can read without this package."""

from importlib.util import find_spec

if find_spec("fcntl") is None:  # locks, limits and signals need it; everything that runs passes here
    raise ImportError("abm runs on Linux and macOS; on Windows, install and run it inside WSL", name="fcntl")
