"""The server answers this machine's own page and nobody else."""

import base64
import os
import re
import signal
import socket
from http.client import HTTPConnection

import pytest

from tests.view.served import served

SMALL = ["configs/scenarios/quick.yaml", "--set", "populations.b_cells.n=60", "--set", "space.side=440 um"]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    errors = tmp_path_factory.mktemp("server") / "err.txt"
    with served(SMALL, errors) as one:
        yield one
    assert "Traceback" not in errors.read_text()


def get(server, path="/", **headers):
    connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode("utf-8", "replace")
    finally:
        connection.close()


def websocket_status(server, origin):
    """Ask for a WebSocket as a browser does and return the status of the answer."""
    host = f"127.0.0.1:{server.port}"
    asked = (
        "GET /jupyter/api/kernels/k/channels?session_id=s HTTP/1.1\r\n"
        f"Host: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nOrigin: {origin}\r\n"
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as link:
        link.sendall(asked.encode())
        return int(link.recv(4096).split()[1])


def test_the_page_is_there_on_the_loopback_alone(server):
    status, text = get(server)
    assert status == 200
    assert "<html" in text
    assert server.address.startswith("http://127.0.0.1:")
    with socket.socket() as outside:
        outside.settimeout(2)
        assert outside.connect_ex((own_address(), server.port)) != 0


def own_address():
    """Return this machine's address on its network; without a network, one that nobody has."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "192.0.2.1"
        return probe.getsockname()[0]


def test_the_page_names_no_other_host(server):
    _, text = get(server)
    loaded = re.findall(r"""<(?:script|img|iframe|link)[^>]*(?:src|href)=["']?([^"' >]+)""", text)
    assert loaded
    assert not [url for url in loaded if re.match("https?:|//", url)]


@pytest.mark.parametrize("host", ["example.org", "127.0.0.1.example.org", "192.168.0.1:80"])
def test_a_foreign_host_is_refused(server, host):
    assert get(server, Host=host)[0] == 400


@pytest.mark.parametrize("origin", ["http://example.org", "null", "http://127.0.0.1:1", "https://127.0.0.1"])
def test_a_foreign_origin_is_refused(server, origin):
    assert get(server, Origin=origin)[0] == 403
    assert websocket_status(server, origin) == 403


@pytest.mark.parametrize(
    "path",
    ["/resourcez", "/resourcez?verbose", "/%72esourcez", "//resourcez", "/readyz", "/_solara/api/evict/k", "/other"],
)
def test_nothing_but_the_page_is_served(server, path):
    assert get(server, path) == (404, "not here")


def test_the_page_has_all_its_parts(server):
    _, text = get(server)
    parts = {url.partition("?")[0] for url in re.findall(r"""(?:src|href)=["']?(/[^"' >]+)""", text)}
    assert len(parts) > 3
    assert {part: get(server, part)[0] for part in parts} == dict.fromkeys(parts, 200)


def test_the_own_origin_is_let_in(server):
    own = f"http://127.0.0.1:{server.port}"
    assert get(server, Origin=own)[0] == 200
    assert websocket_status(server, own) == 101


def test_ctrl_c_ends_it(server):
    """The last: there is no server any more."""
    assert get(server)[0] == 200
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(20) in (0, 130)
