"""Pages of the site that follow from the code: reference, gallery and results."""

from pathlib import Path

from pages import reference


def write_all(folder: Path) -> None:
    """Write every page into a folder; one that is as before keeps its time, and Sphinx does not read it again."""
    made = reference.pages()
    for name, text in made.items():
        path = folder / f"{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
    for path in folder.rglob("*.md"):
        if path.relative_to(folder).with_suffix("").as_posix() not in made:
            path.unlink()
