"""The JSON Schema of devices.yaml, for editors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from gateway.config.backup import BackupOptions
from gateway.config.links import TRANSPORTS
from gateway.config.options import (
    ID_PATTERN,
    DeviceCommon,
    Listeners,
    Protection,
    SiteOptions,
    StoreOptions,
)
from gateway.config.zones import ZonesOptions
from gateway.driver import DriverType
from gateway.room import Room

Schema: TypeAlias = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_SECRET = {"type": "string", "pattern": "^(env|file):.+$"}


def site_schema(drivers: Mapping[str, DriverType], rooms: Mapping[str, Room]) -> Schema:
    """JSON Schema (draft 2020-12) of a devices.yaml that uses these drivers and rooms."""
    types = tuple(drivers.values())
    sections = {name: room.section for name, room in rooms.items() if room.section is not None}
    own: dict[str, type[BaseModel]] = {
        "site": SiteOptions,
        "listeners": Listeners,
        "store": StoreOptions,
        "protection": Protection,
        "zones": ZonesOptions,
        "backup": BackupOptions,
        **sections,
    }
    definitions = _Definitions([*own.values(), DeviceCommon, *TRANSPORTS.values()], types)
    properties = {key: {"$ref": definitions.reference(model)} for key, model in own.items()}
    properties |= {
        "links": _named("oneOf", (definitions.link(type_) for type_ in types)),
        "devices": _named("anyOf", (definitions.device(type_) for type_ in types)),
        "profiles": _named("oneOf", (definitions.profile(type_) for type_ in types)),
    }
    return {
        "$schema": DIALECT,
        "title": "devices.yaml of Isogate",
        **_closed(properties, ["site"]),
        "$defs": definitions.all,
    }


class _Definitions:
    """The schema of every model, and those of links, devices and profiles made from them."""

    def __init__(self, models: Iterable[type[BaseModel]], types: Iterable[DriverType]) -> None:
        kits = (model for type_ in types for model in (type_.link, type_.device, type_.profile))
        every = dict.fromkeys((*models, *kits))
        refs, schema = models_json_schema([(model, "validation") for model in every])
        self._references: dict[type[Any], str] = {
            model: ref["$ref"] for (model, _), ref in refs.items()
        }
        self.all: Schema = _with_secrets(schema["$defs"])

    def reference(self, model: type[BaseModel]) -> str:
        return self._references[model]

    def link(self, type_: DriverType) -> Schema:
        """The driver's link options with `driver`, and `transport` told apart by its type."""
        options = self._of(type_.link)
        properties = {"driver": {"const": type_.name}, **options.get("properties", {})}
        required = ["driver", *options.get("required", [])]
        if type_.transports:
            properties["transport"] = {
                "oneOf": [self._transport(n) for n in sorted(type_.transports)]
            }
            required.append("transport")
        return _closed(properties, required)

    def _transport(self, name: str) -> Schema:
        """A transport that has to say its type."""
        options = self._of(TRANSPORTS[name])
        return {
            "$ref": self.reference(TRANSPORTS[name]),
            "required": [*options["required"], "type"],
        }

    def device(self, type_: DriverType) -> Schema:
        """The keys of every device with the driver's own."""
        common, options = self._of(DeviceCommon), self._of(type_.device)
        properties = {**options.get("properties", {}), **common["properties"]}
        return _closed(properties, [*common["required"], *options.get("required", [])])

    def profile(self, type_: DriverType) -> Schema:
        """A profile whose name is its key."""
        model = self._of(type_.profile)
        properties = {**model["properties"], "driver": {"const": type_.name}}
        return _closed(properties, [key for key in model["required"] if key != "profile"])

    def _of(self, model: type[BaseModel]) -> Schema:
        name = self.reference(model).rpartition("/")[2]
        found: Schema = self.all[name]
        return found


def _closed(properties: Schema, required: list[str]) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _named(combine: str, alternatives: Iterable[Schema]) -> Schema:
    """A mapping from ids to one of several shapes."""
    return {
        "type": "object",
        "propertyNames": {"pattern": ID_PATTERN},
        "additionalProperties": {combine: list(alternatives)},
    }


def _with_secrets(part: Any) -> Any:
    """The schema with every password turned into a reference to one."""
    match part:
        case {"format": "password"}:
            kept = {key: part[key] for key in ("title", "description") if key in part}
            return {**kept, **_SECRET}
        case dict():
            return {key: _with_secrets(value) for key, value in part.items()}
        case list():
            return [_with_secrets(value) for value in part]
        case _:
            return part
