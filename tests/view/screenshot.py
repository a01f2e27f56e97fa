"""``python -m tests.view.screenshot FILE.png``: the page for README and site, after two hours of the quick scenario."""

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image

from tests.view.served import browser, served

SIZE = {"width": 1360, "height": 800}
HOURS = 2.0


def main(path: Path) -> None:
    """Serve the page, play, and keep what is seen."""
    with (
        tempfile.TemporaryDirectory() as folder,
        browser() as chromium,
        served(["configs/scenarios/quick.yaml"], Path(folder) / "err.txt") as server,
    ):
        page = chromium.new_page(viewport=SIZE)
        page.goto(server.address)
        button = page.get_by_role("button", name="Step", exact=True)
        button.wait_for()
        while float(page.locator(".time-now").inner_text().split()[0]) < HOURS:
            now = page.locator(".time-now").inner_text()
            button.click()
            page.wait_for_function(f"document.querySelector('.time-now').textContent.trim() != '{now}'")
        page.mouse.move(0, 0)
        page.wait_for_timeout(1000)
        image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    image.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)  # half the size, the same to the eye


if __name__ == "__main__":
    main(Path(sys.argv[1]))
