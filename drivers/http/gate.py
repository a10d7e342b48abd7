"""Who may post what where: everything that is decided before a body is read. Pure."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from drivers.http.answer import RefusedError, problem
from drivers.http.profile import AUTHORIZATION, HttpDevice, HttpLink
from gateway import DeviceEntry, LinkEntry


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of a request; names of headers are in lower case."""

    method: str
    target: str
    headers: Sequence[tuple[str, str]]

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]


class Gate:
    """Lets requests of one link in, each as those of a device."""

    def __init__(self, link: LinkEntry, options: HttpLink) -> None:
        self._options = options
        self._devices = {path_of(entry, options): entry for entry in link.devices}
        secret = options.secret.get_secret_value() if options.secret else ""
        self._header = options.header.lower()
        bearer = "Bearer " if self._header == AUTHORIZATION else ""
        self._expected = f"{bearer}{secret}".encode() if secret else b""

    def admit(self, head: Head) -> DeviceEntry:
        """The device that posts; RefusedError for anything but a post that it may make."""
        if head.method != "POST":
            raise RefusedError(
                problem(
                    HTTPStatus.METHOD_NOT_ALLOWED,
                    f"{head.method} is not taken here.",
                    "Post a document.",
                    {"allow": "POST"},
                )
            )
        self._check_secret(head)
        device = self._devices.get(head.target.partition("?")[0])
        if device is None:
            raise RefusedError(
                problem(
                    HTTPStatus.NOT_FOUND,
                    f"No device posts to {head.target[:200]}.",
                    "Use the path that devices.yaml gives to the link or the device.",
                )
            )
        self._check_form(head)
        return device

    def _check_secret(self, head: Head) -> None:
        """Compares in a time that tells nothing of the secret."""
        given = head.all(self._header)
        sent = given[0].encode() if len(given) == 1 else b""
        if self._expected and not hmac.compare_digest(sent, self._expected):
            scheme = {"www-authenticate": "Bearer"} if self._header == AUTHORIZATION else {}
            raise RefusedError(
                problem(
                    HTTPStatus.UNAUTHORIZED,
                    f"The header {self._options.header} does not hold this link's secret.",
                    "Send the secret that devices.yaml refers to.",
                    scheme,
                )
            )

    def _check_form(self, head: Head) -> None:
        sizes = head.all("content-length")
        if sizes and int(sizes[0]) > self._options.limit:
            raise too_large(self._options.limit)
        encodings = [each.lower() for each in head.all("content-encoding")]
        if encodings not in ([], ["identity"]):
            raise RefusedError(
                problem(
                    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                    f"Documents in the encoding {encodings[0][:40]} are not read.",
                    "Send the document as it is, uncompressed.",
                )
            )


def path_of(entry: DeviceEntry, options: HttpLink) -> str:
    """Where a device posts."""
    own = entry.options.path if isinstance(entry.options, HttpDevice) else ""
    return own or options.path


def too_large(limit: int) -> RefusedError:
    detail = f"The document is over {limit} bytes."
    advice = "Send fewer rows at a time, or raise `limit`."
    return RefusedError(problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail, advice))
