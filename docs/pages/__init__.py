"""Pages of the site that follow from the code: reference, gallery and results."""

from pathlib import Path

from pages import gallery, listed, reference, results


def write_all(folder: Path, record: Path, runs: Path | None) -> None:
    """Write every page into a folder; one that is as before keeps its time, and Sphinx does not read it again.

    Parameters
    ----------
    folder : Path
        Of these pages alone.
    record : Path
        How claims came out.
    runs : Path, optional
        Where the small runs of the gallery lie; without it, there are no pictures.
    """
    pictures = gallery.draw(runs) if runs else {}
    made = reference.pages() | listed.pages() | results.pages(record) | gallery.pages(pictures, folder)
    for name, text in made.items():
        path = folder / f"{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
    for path in folder.rglob("*.md"):
        if path.relative_to(folder).with_suffix("").as_posix() not in made:
            path.unlink()
