from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from gateway.cli.client import NoGateway, Refused, Sent, parse_stream, reach
from gateway.cli.places import CONTROL_SOCKET, find


def serve_once(path: Path, reply: bytes) -> threading.Thread:
    """Answer one connection on a Unix socket with `reply`, whatever is asked."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    listener.listen(1)

    def answer() -> None:
        connection, _ = listener.accept()
        with listener, connection:
            connection.recv(65536)
            connection.sendall(reply)

    thread = threading.Thread(target=answer)
    thread.start()
    return thread


def http(status: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


def test_an_answer_is_parsed(tmp_path: Path) -> None:
    thread = serve_once(tmp_path / CONTROL_SOCKET, http("200 OK", b'[{"id": "meter-1"}]'))
    with reach(tmp_path) as gateway:
        assert gateway.get("/devices") == [{"id": "meter-1"}]
    thread.join()


def test_a_refusal_is_told_in_the_gateways_words(tmp_path: Path) -> None:
    body = b'{"detail": "No device is called x.", "advice": "List them.", "problems": ["a:1: b"]}'
    thread = serve_once(tmp_path / CONTROL_SOCKET, http("404 Not Found", body))
    with reach(tmp_path) as gateway, pytest.raises(Refused) as refused:
        gateway.get("/devices/x")
    assert str(refused.value) == "No device is called x. List them.\na:1: b"
    thread.join()


def test_no_socket_is_no_gateway(tmp_path: Path) -> None:
    with pytest.raises(NoGateway, match="no gateway runs on"), reach(tmp_path):
        pass


# httpcore leaves the socket of a refused connection to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_socket_that_nobody_serves_is_no_gateway(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(str(tmp_path / CONTROL_SOCKET))
    with reach(tmp_path) as gateway, pytest.raises(NoGateway):
        gateway.get("/devices")


def test_a_socket_that_lies_deep_is_reached_all_the_same(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    (tmp_path / "s").symlink_to(deep)
    thread = serve_once(tmp_path / "s" / CONTROL_SOCKET, http("200 OK", b"[]"))
    with reach(deep) as gateway:
        assert gateway.get("/devices") == []
    thread.join()


def test_the_place_named_wins_over_the_usual_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "demo-data").mkdir()
    (tmp_path / "demo-data" / CONTROL_SOCKET).touch()
    assert find(Path("elsewhere")) == Path("elsewhere")
    assert find(None) == Path("demo-data")


def test_a_stream_gives_its_events_and_skips_comments() -> None:
    lines = iter(
        ["retry: 2000", "", ": still here", "", "id: 7", "event: event", 'data: {"a":1}', ""]
    )
    assert list(parse_stream(lines)) == [Sent("event", {"a": 1})]
