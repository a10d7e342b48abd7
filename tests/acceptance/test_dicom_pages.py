"""The node's pages with objects in them, in Chromium: both languages, both themes, and a phone."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import yaml
from pydicom.dataset import Dataset

from dicom.dimse import Command, Operation, Peer, Status, Wanted, associate
from dicom.node import Node
from gateway.api import open_app
from gateway.app.serve import ServeOptions, open_gateway
from gateway.console import Console
from gateway.testing import Recognizing
from tests.acceptance.browser import Tab, chromium, served, tab
from tests.dicom_objects import CT, RT_DOSE, RT_PLAN, dataset, encoded, image
from tests.dicom_peers import OURS
from tests.peers import LOOPBACK, free_port, full_run, port_answers, wait_until

pytestmark = [pytest.mark.peer, pytest.mark.acceptance]

LOOKS = [("zh-CN", "light"), ("en", "dark"), ("zh-CN", "dark"), ("en", "light")]
PICTURES = os.environ.get("ISOGATE_SCREENSHOTS", "")
"""A folder in which the pages are kept as pictures, for a person to look at."""


def slice_of(size: int) -> Dataset:
    """A round body with a denser middle, as a CT would show it."""
    made = image(size, RescaleIntercept="-1024", RescaleSlope="1", SeriesDescription="Thorax 3 mm")
    made.WindowCenter, made.WindowWidth, made.PatientName = "40", "400", "Wang^Fang=王^芳"
    rows, columns = np.mgrid[:size, :size] - size / 2
    distance = np.hypot(rows / 0.8, columns)
    values = np.where(distance < size * 0.42, 1064, 24)
    values = np.where(distance < size * 0.12, 1400, values)
    made.PixelData = values.astype("<u2").tobytes()
    return made


def grid(size: int, frames: int) -> Dataset:
    """A dose that falls off from the middle."""
    made = dataset(RT_DOSE, Modality="RTDOSE", DoseGridScaling="0.001", DoseUnits="GY")
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.Rows = made.Columns = size
    made.NumberOfFrames = frames
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 16, 16, 15, 0
    depth, rows, columns = np.mgrid[:frames, :size, :size]
    fall = (rows - size / 2) ** 2 + (columns - size / 2) ** 2 + 9 * (depth - frames / 2) ** 2
    made.PixelData = (60_000 * np.exp(-fall / size**1.5)).astype("<u2").tobytes()
    made.SeriesInstanceUID = "1.2.826.0.1.3680043.8.498.1.2"
    made.SeriesDescription, made.PatientName = "Dose", "Wang^Fang=王^芳"
    return made


async def send(port: int, objects: list[Dataset]) -> None:
    peer = Peer(OURS, LOOPBACK, port, "SCANNER")
    async with associate(peer, [Wanted(each) for each in (CT, RT_DOSE, RT_PLAN)]) as association:
        for made in objects:
            command = Command(
                Operation.C_STORE, sop_class=made.SOPClassUID, sop_instance=made.SOPInstanceUID
            )
            assert (await association.send(command, encoded(made))).status == Status.SUCCESS


@pytest.fixture
async def walk(tmp_path: Path) -> AsyncIterator[tuple[str, list[str]]]:
    """Where the pages are served, and the addresses of those with objects."""
    port = free_port()
    site = {
        "site": {
            "id": "trial",
            "name": {"zh-CN": "示例医院", "en": "Example Hospital"},
            "time_zone": "Asia/Shanghai",
        },
        "dicom": {
            "listeners": [{"port": port}],
            "titles": {OURS: {"allow": "anyone"}},
            "peers": {"pacs": {"title": "PACS", "host": LOOPBACK, "port": free_port()}},
            "storage": {"min_free": 10**6},
            "forward": {
                "destinations": {"archive": {"peer": "pacs"}},
                "rules": [{"name": "everything", "to": ["archive"]}],
            },
        },
    }
    file = tmp_path / "devices.yaml"
    file.write_text(yaml.safe_dump(site, allow_unicode=True))
    scan, dose, plan = slice_of(256), grid(64, 9), dataset(RT_PLAN, PatientName="Wang^Fang=王^芳")
    plan.SeriesInstanceUID = "1.2.826.0.1.3680043.8.498.1.3"
    again = slice_of(256)
    again.SOPInstanceUID, again.PatientID = scan.SOPInstanceUID, "P-200"
    async with open_gateway(ServeOptions(file, tmp_path / "data")) as gateway:
        await asyncio.to_thread(wait_until, lambda: port_answers(port), within=30, what="the node")
        await send(port, [scan, dose, plan, again])
        node = gateway.rooms.neighbour(Node)
        await node.index.reached(4)
        study = f"/studies/{scan.StudyInstanceUID}"
        addresses = [
            *("/studies", study, f"{study}/series/{scan.SeriesInstanceUID}"),
            *(f"/objects/{each.SOPInstanceUID}" for each in (scan, dose, plan)),
            *("/dicom", "/dicom/conflicts", "/dicom/queues/archive", "/"),
        ]
        console = Console(gateway)
        pages = [*console.routes(), *gateway.rooms.routes(console.kit)]
        async with (
            open_app(gateway, pages, console.error_page, gate=Recognizing()) as app,
            served(app, free_port()) as home,
        ):
            yield home, addresses
            app.end_streams()


async def keep(page: Tab, name: str) -> None:
    if PICTURES:
        await page.page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)


async def test_the_pages_are_accessible_and_complete(walk: tuple[str, list[str]]) -> None:
    home, addresses = walk
    async with chromium() as browser, tab(browser, home) as page:
        faults: list[str] = []
        for language, theme in LOOKS if full_run() else LOOKS[:2]:
            for number, path in enumerate(addresses):
                await page.go(path, lang=language, theme=theme)
                await keep(page, f"{number}-{language}-{theme}")
                faults += [f"{path}: {fault}" for fault in await page.axe()]
                faults += [f"{path}: too small: {each}" for each in await page.small_targets()]
                drawn = await page.value("[...document.images].every((each) => each.naturalWidth)")
                faults += [] if drawn else [f"{path}: a picture is missing"]
        assert faults == []
        assert page.foreign == []
        assert page.complaints == []


async def test_the_pages_fit_a_phone(walk: tuple[str, list[str]]) -> None:
    home, addresses = walk
    size = {"width": 390, "height": 844}
    async with chromium() as browser, tab(browser, home, viewport=size) as page:
        wide: list[str] = []
        for number, path in enumerate(addresses):
            await page.go(path, lang="zh-CN")
            await keep(page, f"{number}-phone")
            wide += [f"{path}: {each}" for each in await page.too_wide()]
        assert wide == []


async def test_the_way_from_the_list_to_a_frame_needs_no_mouse(walk: tuple[str, list[str]]) -> None:
    home, _ = walk
    async with chromium() as browser, tab(browser, home) as page:
        await page.go("/studies", lang="en")
        await page.page.locator("tr[data-href]").first.focus()
        await page.page.keyboard.press("Enter")
        await page.shows("h2", "Series")
        row = page.page.locator("tr[data-href]", has_text="Dose")
        await row.focus()
        await page.page.keyboard.press("Enter")
        await page.shows("h1", "Dose")
        await page.page.locator("tr[data-href]").first.focus()
        await page.page.keyboard.press("Enter")
        await page.shows("h2", "Picture")
        frame = page.page.locator("input[name=frame]")
        await frame.fill("5")
        await frame.press("Enter")
        await page.page.wait_for_url("**frame=5**")
        assert "frame=5" in await page.value("document.querySelector('[data-picture]').src")
