"""A sender that costs little: prepared PDUs over a blocking socket without Nagle's delay.

`python -m bench._dicom_sender TITLE PORT FOLDER` opens an association, sends every file of the
folder, each after the answer to the one before, and prints the seconds of the sending alone.
"""

from __future__ import annotations

import socket
import sys
import time
from pathlib import Path

from dicom.dimse import Command, Operation, Wanted
from dicom.dimse.command import decode as decode_command
from dicom.dimse.command import encode as encode_command
from dicom.storage.part10 import START, head_length
from dicom.upper.negotiate import EXPLICIT, agree, propose
from dicom.upper.pdata import fragments, split
from dicom.upper.pdu import HEADER, AssociateAc, ReleaseRq, decode, encode
from tests.dicom_objects import CT, RT_DOSE, RT_RECORD
from tests.peers import LOOPBACK

_CLASSES = (CT, RT_DOSE, RT_RECORD)
_OURS = 131_072


def receive(sock: socket.socket) -> tuple[int, bytes]:
    """Type and body of the next PDU."""
    kind, length = HEADER.unpack(_exactly(sock, HEADER.size))
    return kind, _exactly(sock, length)


def _exactly(sock: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = sock.recv(size - len(data))
        if not more:
            raise ConnectionError("the receiver closed")
        data += more
    return data


def prepared(file: Path, number: int, contexts: dict[str, int], peer_length: int) -> bytes:
    """A whole C-STORE request as it goes over the line."""
    content = file.read_bytes()
    at = head_length(content[:START])
    uids = _uids(content[:at])
    command = Command(
        Operation.C_STORE, number, sop_class=uids[2], sop_instance=uids[3], has_dataset=True
    )
    context = contexts[uids[2]]
    parts = [
        *fragments(context, encode_command(command), peer_length, command=True),
        *fragments(context, content[at:], peer_length, command=False),
    ]
    return b"".join(parts)


def _uids(meta: bytes) -> dict[int, str]:
    """The UIDs of the file meta information, by element."""
    found, offset = {}, START
    while offset < len(meta):
        element = int.from_bytes(meta[offset + 2 : offset + 4], "little")
        long = meta[offset + 4 : offset + 6] == b"OB"
        place = offset + (12 if long else 8)
        size = 4 if long else 2
        length = int.from_bytes(meta[place - size : place], "little")
        if meta[offset + 4 : offset + 6] == b"UI":
            found[element] = meta[place : place + length].decode().rstrip("\0")
        offset = place + length
    return found


def main(title: str, port: str, folder: str) -> None:
    with socket.create_connection((LOOPBACK, int(port))) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wanted = [Wanted(each, (EXPLICIT,)) for each in _CLASSES]
        request = propose(title, "BENCH", wanted, _OURS)
        sock.sendall(encode(request))
        accepted = decode(*receive(sock))
        assert isinstance(accepted, AssociateAc), accepted
        contexts = {each.abstract_syntax: key for key, each in agree(request, accepted).items()}
        files = sorted(Path(folder).iterdir())
        peer_length = min(accepted.user.max_length or _OURS, _OURS)
        messages = [
            prepared(file, number + 1, contexts, peer_length) for number, file in enumerate(files)
        ]
        begun = time.monotonic()
        for message in messages:
            sock.sendall(message)
            _, body = receive(sock)
            (value,) = split(memoryview(body))
            status = decode_command(bytes(value.data)).status
            assert status == 0, hex(status)
        print(time.monotonic() - begun)
        sock.sendall(encode(ReleaseRq()))
        receive(sock)


if __name__ == "__main__":
    main(*sys.argv[1:])
