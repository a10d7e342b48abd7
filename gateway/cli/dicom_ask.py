"""`isogate dicom find`, `move`, `get`: what is asked of the peers of devices.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from gateway.cli.exits import Exit
from gateway.cli.options import Data, Json
from gateway.cli.output import bar, print_json, print_table, say, say_error

PeerName: TypeAlias = Annotated[str, typer.Argument(help="A peer of devices.yaml.")]
Study: TypeAlias = Annotated[str, typer.Option("--study", metavar="UID", help="This study.")]
Series: TypeAlias = Annotated[
    str, typer.Option("--series", metavar="UID", help="Only this series of it.")
]
_SHOWN = {
    "PATIENT": ("PatientID", "PatientName", "PatientBirthDate"),
    "STUDY": (
        "PatientID",
        "PatientName",
        "StudyDate",
        "ModalitiesInStudy",
        "StudyDescription",
        "StudyInstanceUID",
    ),
    "SERIES": ("Modality", "SeriesNumber", "SeriesDescription", "SeriesInstanceUID"),
    "IMAGE": ("InstanceNumber", "SOPClassUID", "SOPInstanceUID"),
}


def find(
    peer: PeerName,
    keys: Annotated[
        list[str] | None,
        typer.Argument(metavar="KEY=VALUE…", help="PatientID=P-1, StudyDate=20260101-, …"),
    ] = None,
    *,
    level: Annotated[str, typer.Option(help="PATIENT, STUDY, SERIES or IMAGE.")] = "STUDY",
    charset: Annotated[
        str, typer.Option(help="Character set of the keys, if they need one.")
    ] = "ISO_IR 192",
    limit: Annotated[int, typer.Option(help="The most matches.")] = 500,
    data: Data = None,
    json: Json = False,
) -> None:
    """C-FIND: what a PACS has; exit code 1 if nothing matches."""
    body: dict[str, Any] = {
        "level": level.upper(),
        "keys": _pairs(keys or []),
        "charset": charset,
        "limit": limit,
    }
    answer = _post(f"/dicom/peers/{peer}/find", body, data)
    items = answer["items"]
    if json:
        print_json(answer)
    else:
        columns = _SHOWN[level.upper()]
        rows = [tuple(_cell(item.get(column, "")) for column in columns) for item in items]
        print_table(columns, rows)
        if answer["more"]:
            say(f"there are more than {limit}: ask for less, or raise --limit")
    if not items:
        raise typer.Exit(Exit.NOT_WELL)


def move(
    peer: PeerName,
    *,
    study: Study,
    series: Series = "",
    to: Annotated[
        str, typer.Option("--to", metavar="TITLE", help="Destination's AE title; else ours.")
    ] = "",
    data: Data = None,
    json: Json = False,
) -> None:
    """C-MOVE: have a PACS send a study, to us or to another; exit code 1 if some failed."""
    _retrieve(f"/dicom/peers/{peer}/move", {**_named(study, series), "to": to}, data, json)


def get(
    peer: PeerName,
    study: Study,
    series: Series = "",
    data: Data = None,
    json: Json = False,
) -> None:
    """C-GET: take a study from a PACS into our store; exit code 1 if some failed."""
    _retrieve(f"/dicom/peers/{peer}/get", _named(study, series), data, json)


def _retrieve(path: str, body: Mapping[str, Any], data: Path | None, json: bool) -> None:
    from gateway.cli.client import reach

    last: dict[str, Any] = {}
    ended = ""
    with reach(data) as gateway, bar("Moving") as told:
        for sent in gateway.post_stream(path, body):
            ended, last = sent.event, sent.data
            done = last["completed"] + last["failed"] + last["warning"]
            told(done, done + last["remaining"])
    if json:
        print_json({"ok": ended == "done" and not last["failed"], **last})
    elif ended == "done":
        say(f"{last['completed'] + last['warning']} objects came, {last['failed']} did not")
    else:
        say_error(last.get("reason", "the gateway ended before the peer did"))
    if ended != "done" or last["failed"]:
        raise typer.Exit(Exit.NOT_WELL if ended == "done" else Exit.REFUSED)


def _post(path: str, body: Mapping[str, Any], data: Path | None) -> Any:
    from gateway.cli.client import reach

    with reach(data) as gateway:
        return gateway.post(path, body)


def _named(study: str, series: str) -> dict[str, Any]:
    keys = {"StudyInstanceUID": study}
    if series:
        return {"level": "SERIES", "keys": {**keys, "SeriesInstanceUID": series}}
    return {"level": "STUDY", "keys": keys}


def _pairs(keys: list[str]) -> dict[str, str]:
    pairs = {}
    for each in keys:
        key, equals, value = each.partition("=")
        if not equals:
            raise typer.BadParameter(f"{each}: write KEY=VALUE")
        pairs[key] = value
    return pairs


def _cell(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
