"""One suite over every driver, for its author to run: what a driver owes to its users.

    from gateway.testing import RULES

    @pytest.mark.parametrize("rule", RULES)
    def test_my_driver_conforms(rule: str) -> None:
        assert list(RULES[rule](driver_type)) == []

Each rule yields its breaches in words.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias, get_args

import yaml
from pydantic import BaseModel, SecretStr, ValidationError

from gateway.config import Site, load_site
from gateway.driver import DriverType, PollingDriver
from gateway.errors import ConfigError
from gateway.model import Kind, Localized
from gateway.profile import Profile

Rule: TypeAlias = Callable[[DriverType], Iterator[str]]

_NAME = re.compile(r"[a-z][a-z0-9-]*")
_LANGUAGES = ("en", "zh-CN")
_COMMANDS = frozenset({"write", "writes", "writable", "command", "commands"})
_SECRETS = re.compile(r"password|passphrase|secret|token")
_KIT = frozenset({"gateway", "gateway.room", "gateway.testing"})


def introduces_itself(driver: DriverType) -> Iterator[str]:
    """A name that devices.yaml can use, and the version that events carry."""
    if not _NAME.fullmatch(driver.name):
        yield f"name {driver.name!r} is not lower-case letters, digits and -"
    if not driver.version:
        yield "version is empty"


def documents_every_option(driver: DriverType) -> Iterator[str]:
    """README.md names every key that a user can write."""
    readme = _text(driver.home / "README.md")
    if not readme.startswith("# "):
        yield "README.md is missing or has no heading"
        return
    for model in (driver.link, driver.device):
        for key in model.model_fields:
            if not re.search(rf"\b{re.escape(key)}\b", readme):
                yield f"README.md does not name the key {key} of {model.__name__}"


def samples_a_whole_site(driver: DriverType) -> Iterator[str]:
    """sample.yaml is a devices.yaml that loads as it stands, with a device on each link."""
    try:
        site = _sample(driver)
    except ConfigError as error:
        yield f"sample.yaml: {error}"
        return
    if not site.links:
        yield "sample.yaml has no link"
    yield from (
        f"sample.yaml: link {link.id} has no device" for link in site.links if not link.devices
    )


def builds_what_it_samples(driver: DriverType) -> Iterator[str]:
    """`build` makes a driver of each link of the sample, without touching the network."""
    try:
        links = _sample(driver).links
    except ConfigError:
        return
    for link in links:
        built = driver.build(link)
        if not isinstance(built, PollingDriver) and not callable(getattr(built, "run", None)):
            yield f"link {link.id}: build gave neither a Driver nor a PollingDriver"
        for finding in driver.check(links) if driver.check else ():
            yield f"sample.yaml: {finding.message}"


def refuses_unknown_keys(driver: DriverType) -> Iterator[str]:
    """A misspelt key is an error, at any depth, and what was read never changes."""
    for model in _models(driver):
        if model.model_config.get("extra") != "forbid":
            yield f"{model.__name__} lets unknown keys pass: extra must be forbid"
        if not model.model_config.get("frozen"):
            yield f"{model.__name__} is not frozen"


def keeps_secrets(driver: DriverType) -> Iterator[str]:
    """What must not stand in a file or a log is a SecretStr."""
    for model in _models(driver):
        for key, field in model.model_fields.items():
            if _SECRETS.search(key) and SecretStr not in (
                field.annotation,
                *get_args(field.annotation),
            ):
                yield f"{model.__name__}.{key} should be a SecretStr"


def only_reads(driver: DriverType) -> Iterator[str]:
    """No key of a link, device or profile is a command to a device."""
    for model in _models(driver):
        for key in sorted(_COMMANDS & model.model_fields.keys()):
            yield f"{model.__name__}.{key}: a driver gives no commands"


def sees_the_kit_alone(driver: DriverType) -> Iterator[str]:
    """Its modules import `gateway`, and of its parts the room and the test kit only."""
    for file in _sources(driver.home):
        for module in _imported(file):
            if module.partition(".")[0] == "gateway" and module not in _KIT:
                yield f"{file.name} imports {module}: a driver imports gateway and nothing below it"
            if module.partition(".")[0] == "simulators":
                yield f"{file.name} imports {module}: no simulator belongs into a driver"


def brings_profiles(driver: DriverType) -> Iterator[str]:
    """Every built-in profile is valid, of this driver, and named as its file."""
    found = False
    for file in _profile_files(driver):
        found = True
        try:
            profile = driver.profile.model_validate(yaml.safe_load(_text(file)))
        except (ValidationError, yaml.YAMLError) as error:
            yield f"{file.name}: {error}"
            continue
        if f"{profile.profile}.yaml" != file.name:
            yield f"{file.name} holds the profile {profile.profile}"
        if profile.driver != driver.name:
            yield f"{file.name} is for driver {profile.driver}"
    if not found:
        yield "no profile in profiles/*.yaml"


def speaks_both_languages(driver: DriverType) -> Iterator[str]:
    """Titles and point names are there in Chinese and English."""
    for profile in built_in(driver):
        texts: dict[str, Localized] = {"title": profile.title}
        texts |= {f"point {code}": point.name for code, point in profile.points.items()}
        for place, text in texts.items():
            missing = [tag for tag in _LANGUAGES if isinstance(text, str) or not text.get(tag)]
            if missing:
                yield f"{profile.profile}: {place} lacks {' and '.join(missing)}"


def gives_every_measurement_a_unit(driver: DriverType) -> Iterator[str]:
    """A number without a unit is a guess; one that has no dimension has the unit `1`."""
    for profile in built_in(driver):
        for code, point in profile.points.items():
            if point.kind is Kind.MEASUREMENT and not point.unit:
                yield f"{profile.profile}: point {code} has no unit"
            if point.low is not None and point.high is not None and point.low >= point.high:
                yield f"{profile.profile}: point {code} has low {point.low} above high {point.high}"


RULES: Mapping[str, Rule] = {
    rule.__name__.replace("_", " "): rule
    for rule in (
        introduces_itself,
        documents_every_option,
        samples_a_whole_site,
        builds_what_it_samples,
        refuses_unknown_keys,
        keeps_secrets,
        only_reads,
        sees_the_kit_alone,
        brings_profiles,
        speaks_both_languages,
        gives_every_measurement_a_unit,
    )
}
"""What every driver keeps, by what it does."""


def profiles_without_transcript(driver: DriverType, transcripts: Path) -> Iterator[str]:
    """Built-in profiles for which `transcripts/<profile>/<case>/` holds no bytes of a device."""
    for profile in built_in(driver):
        cases = (transcripts / profile.profile).glob("*/*")
        if not any(file.is_file() for file in cases):
            yield f"{profile.profile}: no transcript in {transcripts.name}/{profile.profile}/"


def built_in(driver: DriverType) -> Iterator[Profile]:
    """The profiles in a driver's folder that are valid."""
    for file in _profile_files(driver):
        try:
            yield driver.profile.model_validate(yaml.safe_load(_text(file)))
        except (ValidationError, yaml.YAMLError):
            continue


def _profile_files(driver: DriverType) -> Iterator[Traversable]:
    folder = driver.home / "profiles"
    if folder.is_dir():
        files = (file for file in folder.iterdir() if file.name.endswith(".yaml"))
        yield from sorted(files, key=lambda file: file.name)


def _sample(driver: DriverType) -> Site:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "devices.yaml"
        path.write_text(_text(driver.home / "sample.yaml"), encoding="utf-8")
        return load_site(path, drivers={driver.name: driver}, rooms={})


def _models(driver: DriverType) -> list[type[BaseModel]]:
    found: dict[type[BaseModel], None] = {}
    waiting: list[Any] = [driver.link, driver.device, driver.profile]
    while waiting:
        kind = waiting.pop()
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            if kind not in found:
                found[kind] = None
                waiting.extend(field.annotation for field in kind.model_fields.values())
        else:
            waiting.extend(get_args(kind))
    return list(found)


def _sources(home: Traversable) -> Iterator[Traversable]:
    for entry in home.iterdir():
        if entry.is_dir():
            yield from _sources(entry)
        elif entry.name.endswith(".py"):
            yield entry


def _imported(source: Traversable) -> Iterator[str]:
    for node in ast.walk(ast.parse(_text(source))):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module


def _text(file: Traversable) -> str:
    return file.read_text(encoding="utf-8") if file.is_file() else ""
