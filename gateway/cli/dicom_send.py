"""`isogate dicom send` and `deid`: objects that leave."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.exits import Exit
from gateway.cli.options import Data, Json
from gateway.cli.output import bar, print_json, print_table, say, say_error

if TYPE_CHECKING:
    from dicom.dimse import Peer
    from dicom.scu.files import ObjectFile, Sent


def send(
    words: Annotated[
        list[str],
        typer.Argument(metavar="[FILE…] PEER", help="Files or folders, then a peer or HOST:PORT."),
    ],
    *,
    study: Annotated[
        str, typer.Option(metavar="UID", help="A stored study, instead of files.")
    ] = "",
    called: Annotated[str, typer.Option(help="Its AE title, with HOST:PORT.")] = "ANY-SCP",
    calling: Annotated[str, typer.Option(help="Ours, with HOST:PORT.")] = "ISOGATE",
    data: Data = None,
    json: Json = False,
) -> None:
    """C-STORE: send files, or queue a stored study; exit code 1 if some were refused."""
    *files, peer = words
    if study and not files:
        _queue(peer, study, data, json)
        return
    if study or not files:
        raise typer.BadParameter("name files or --study, one of them")
    chosen, foreign = _read([Path(each) for each in files])
    told = _send(_peer(peer, called, calling, data), chosen)
    refused = [each for each in told if not each.taken]
    if json:
        print_json(
            {
                "sent": len(told) - len(refused),
                "refused": [{"file": str(each.file.path), "why": each.words} for each in refused],
                "unreadable": foreign,
            }
        )
    else:
        say(f"{len(told) - len(refused)} objects sent")
        for why in foreign:
            say_error(why)
        if refused:
            say_error(f"{len(refused)} refused")
            print_table(("file", "why"), [(str(each.file.path), each.words) for each in refused])
    if refused or foreign or not told:
        raise typer.Exit(Exit.NOT_WELL)


def deid(
    source: Annotated[Path, typer.Argument(metavar="IN", help="A file, or a folder of files.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="A folder for what comes out.")],
    profile: Annotated[str, typer.Option(help="A profile of `dicom.deid` in devices.yaml.")],
    site: Annotated[Path, typer.Option(metavar="FILE", help="The site's devices.yaml.")] = Path(
        "devices.yaml"
    ),
    json: Json = False,
) -> None:
    """De-identify files (PS3.15 Annex E); exit code 1 if a person must look at some."""
    from dicom.deid.engine import Deidentifier
    from dicom.deid.options import NotDeidentifiable

    options = _profile(site, profile)
    deidentifier = Deidentifier(options, options.key.get_secret_value().encode())
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    done: list[dict[str, Any]] = []
    left: list[dict[str, str]] = []
    files = list(_files([source]))
    with bar("De-identifying") as told:
        for number, file in enumerate(files, 1):
            try:
                done.append(_deidentify(file, target, deidentifier))
            except NotDeidentifiable as error:
                left.append({"file": str(file), "why": str(error)})
            except OSError as error:
                if error.filename != str(file):
                    raise
                left.append({"file": str(file), "why": str(error.strerror)})
            told(number, len(files))
    _report(done, left, json)
    if left or not done:
        raise typer.Exit(Exit.NOT_WELL)


def _deidentify(file: Path, target: Path, deidentifier: Any) -> dict[str, Any]:
    """The new file is named after its new UID: an old name may say who it is."""
    from dicom.deid.file import deidentify_file

    draft = target / ".draft"
    try:
        made = deidentify_file(file, draft, deidentifier)
        place = target / f"{made.sop_instance}.dcm"
        draft.replace(place)
    finally:
        draft.unlink(missing_ok=True)
    return {
        "file": str(file),
        "out": str(place),
        "patient": made.patient,
        "caught": list(made.caught),
    }


def _report(done: list[dict[str, Any]], left: list[dict[str, str]], json: bool) -> None:
    if json:
        print_json({"done": done, "left": left})
        return
    say(f"{len(done)} files de-identified")
    caught = sorted({name for each in done for name in each["caught"]})
    if caught:
        say(f"names were found beyond the rules, and removed, in: {', '.join(caught)}")
    if left:
        say_error(f"{len(left)} are left for a person")
        print_table(("file", "why"), [(each["file"], each["why"]) for each in left])


def _profile(site: Path, name: str) -> Any:
    from dicom.options import DicomOptions
    from gateway.config import discover_drivers, discover_rooms, load_site
    from gateway.errors import ConfigError

    loaded = load_site(site, drivers=discover_drivers(), rooms=discover_rooms())
    section = loaded.sections.get("dicom")
    profiles = section.deid if isinstance(section, DicomOptions) else {}
    if name not in profiles:
        known = ", ".join(profiles) or "none"
        raise ConfigError(f"{site}: no profile {name!r} in dicom.deid; there are: {known}")
    return profiles[name]


def _queue(peer: str, study: str, data: Path | None, json: bool) -> None:
    from gateway.cli.client import reach

    with reach(data) as gateway:
        answer = gateway.post(f"/dicom/queues/{peer}/send", {"study": study})
    if json:
        print_json(answer)
    else:
        say(f"{answer['objects']} objects wait to be sent: isogate dicom queue list")


def _files(places: Sequence[Path]) -> Iterator[Path]:
    for place in places:
        if place.is_dir():
            yield from (each for each in sorted(place.rglob("*")) if each.is_file())
        else:
            yield place


def _read(places: Sequence[Path]) -> tuple[list[ObjectFile], list[str]]:
    """The DICOM files, and what is wrong with the others."""
    from dicom.scu.files import ObjectFile
    from gateway.errors import ProtocolViolation

    found, foreign = [], []
    for path in _files(places):
        try:
            found.append(ObjectFile.of(path))
        except ProtocolViolation as error:
            foreign.append(str(error))
        except OSError as error:
            foreign.append(f"{path}: {error.strerror}")
    return found, foreign


def _send(peer: Peer, files: Sequence[ObjectFile]) -> list[Sent]:
    import asyncio

    from dicom.scu.files import send_files

    async def run() -> list[Sent]:
        told: list[Sent] = []
        with bar("Sending") as progress:
            async for each in send_files(peer, files):
                told.append(each)
                progress(len(told), len(files))
        return told

    return asyncio.run(run())


def _peer(name: str, called: str, calling: str, data: Path | None) -> Peer:
    from dicom.dimse import Peer, TlsContext, TlsFiles
    from gateway.cli.client import reach

    host, colon, port = name.rpartition(":")
    if colon and port.isdigit():
        return Peer(called, host.strip("[]"), int(port), calling)
    with reach(data) as gateway:
        said = gateway.get(f"/dicom/peers/{name}")
    tls = None
    if said["tls"] is not None:
        files = [None if each is None else Path(each) for each in said["tls"]]
        tls = TlsContext(TlsFiles(*files), listens=False)
    return Peer(
        said["title"], said["host"], said["port"], said["calling"], tls, said["server_name"]
    )
