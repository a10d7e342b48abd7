"""`isogate mapping`: what people of the site say that codes, units and senders mean."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.options import Data, Json
from gateway.cli.output import print_json, print_table, when

app = typer.Typer(help="What the site maps over its profiles.", no_args_is_help=True)


@app.command("list")
def list_(data: Data = None, json: Json = False) -> None:
    """Every mapping in force, the oldest first."""
    from gateway.cli.client import reach

    with reach(data) as gateway:
        answer = gateway.get("/mappings")
        zone = gateway.zone
    if json:
        print_json(answer)
        return
    if not answer["items"]:
        typer.echo("Nothing is mapped.")
        return
    rows = [
        [
            each["kind"],
            each["key"],
            _meaning(each),
            each["scope"],
            each["actor"],
            when(each["set_at"], zone),
        ]
        for each in answer["items"]
    ]
    print_table(["kind", "as sent", "means", "holds for", "set by", "at"], rows)


@app.command()
def export(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write there; else to the terminal.")
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """The mappings as YAML, by where they hold: what to add to a profile or to devices.yaml."""
    import yaml

    from gateway.cli.client import reach

    with reach(data) as gateway:
        fragments = gateway.get("/mappings")["fragments"]
    if json:
        print_json(fragments)
        return
    text = yaml.safe_dump(fragments, allow_unicode=True, sort_keys=False) if fragments else ""
    if output is None:
        typer.echo(text or "# nothing is mapped", nl=not text)
    else:
        output.write_text(text, "utf-8")


def _meaning(item: dict[str, Any]) -> str:
    match item["kind"]:
        case "code":
            point = item["point"]
            name = point.get("name", "")
            shown = name if isinstance(name, str) else name.get("en", "")
            return " ".join(part for part in (point.get("code"), shown, point.get("unit")) if part)
        case "unit":
            factors = (f"{test}*{factor}" for test, factor in item["convert"].items())
            return " ".join((item["ucum"] or "(the test's own)", *factors))
        case _:
            return str(item["device"])
