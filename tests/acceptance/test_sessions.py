"""Treatment sessions through the real gateway: offered by TDW-II, refused, interrupted, resumed."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydicom.dataset import Dataset

from simulators.rt import (
    ARC,
    STATIC,
    Course,
    Linac,
    Machine,
    Part,
    Refused,
    approved,
    plan,
    record,
    summary,
)
from simulators.rt import store as send
from simulators.rt.compose import item
from tests.acceptance.live import Api, SiteFolder
from tests.acceptance.test_plans import page, says
from tests.dicom_peers import OURS
from tests.peers import LOOPBACK, free_port, wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(300)]

COURSE = Course(points=7, pairs=12, fractions=3)
SITE = ZoneInfo("Asia/Shanghai")
ENFORCED, OBSERVED = "LINAC1", "LINAC2"


def now() -> datetime:
    """The time at the site, as machines write it."""
    return datetime.now(SITE).replace(tzinfo=None)


def site(port: int, listens: int) -> Mapping[str, Any]:
    return {
        "dicom": {
            "listeners": [{"port": port}],
            "titles": {
                OURS: {"allow": "anyone", "services": ["verification", "storage", "query", "ups"]}
            },
            "peers": {"linac1": {"title": "L1", "host": LOOPBACK, "port": listens}},
            "storage": {"min_free": 10**6},
        },
        "tps": {
            "machines": {
                ENFORCED: {
                    "level": "enforced",
                    "titles": ["L1"],
                    "tasks": ["TREAT", "VERIFY", "VERIFY_AND_TREAT"],
                },
                OBSERVED: {"level": "observed"},
            }
        },
    }


@dataclass(frozen=True, slots=True)
class Bunker:
    """A gateway, and a linac at it."""

    api: Api
    folder: SiteFolder
    port: int
    linac: Linac

    def register(self) -> None:
        """Make the plans' patient known."""
        said = {
            "value": COURSE.patient,
            "issuer": COURSE.issuer,
            "type": "mrn",
            "name": "王芳",
            "birth_date": "1962-03-14",
            "reason": "for the test",
        }
        answer = self.api.client.post("/patients/new", data=said)
        assert answer.status_code in {200, 303}, answer.text

    def take(self, *several: Dataset) -> None:
        """Send objects, and wait until they were read."""
        assert set(send(several, LOOPBACK, self.port, OURS)) == {0}
        for each in several:
            says(self.api, "/courses", str(each.get("RTPlanLabel", "Treatment courses")))

    def schedule(self, made: Dataset, task: str = "") -> str:
        """A session, due now; its id."""
        at = datetime.now().astimezone().isoformat(timespec="seconds")
        body = {"plan": str(made.SOPInstanceUID), "at": at, "task": task}
        answer = self.api.client.post("/api/v1/sessions", json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def session(self, id_: str) -> Mapping[str, Any]:
        found = [each for each in self.api.get("/sessions")["sessions"] if each["id"] == id_]
        assert found, f"no session {id_} today"
        return dict(found[0])

    def reaches(self, id_: str, state: str) -> None:
        wait_until(lambda: self.session(id_)["state"] == state, within=20, what=f"{id_} {state}")

    def offered(self, id_: str) -> str:
        """The UID of its work item, once the machine finds it."""

        def found() -> bool:
            listed = {str(each.SOPInstanceUID) for each in self.linac.worklist()}
            return self.session(id_)["work_item"] in listed

        wait_until(found, within=20, what=f"{id_} in the worklist")
        return str(self.session(id_)["work_item"])


@contextmanager
def bunker(path: Path) -> Iterator[Bunker]:
    port, listens = free_port(), free_port()
    folder = SiteFolder.write(path / "site", site(port, listens))
    linac = Linac("L1", LOOPBACK, port, OURS, listens, Machine(ENFORCED, angle=0.1, leaf=0.2))
    with Api.of(folder.data) as api, linac.listening():
        yield Bunker(api, folder, port, linac)


def test_a_fraction_by_tdw_ii_interrupted_resumed_and_on_the_ledger(tmp_path: Path) -> None:
    made = approved(plan(ARC, COURSE))
    path, at = f"/plans/{made.SOPInstanceUID}", now()
    with bunker(tmp_path) as it, it.folder.gateway() as process:
        it.folder.wait_ready(it.api, process, within=60)
        it.register()
        it.take(made)
        first = it.schedule(made)
        it.linac.treat(it.offered(first), at=at, stop_at=40.0)
        it.reaches(first, "discontinued")
        says(it.api, path, "40.00 / 100.00 MU")
        rest = it.schedule(made)
        sent = it.linac.treat(it.offered(rest), at=at + timedelta(minutes=30))
        it.reaches(rest, "completed")
        says(it.api, path, "1 of 3 fractions given")
        assert "100.00 / 100.00 MU 2 parts" in page(it.api, path)
        (beam,) = sent.TreatmentSessionBeamSequence
        assert (beam.CurrentFractionNumber, beam.TreatmentDeliveryType) == (1, "CONTINUATION")
        told = page(it.api, f"/sessions/{rest}")
        assert "enforced" in told
        assert "L1 (machine)" in told
        codes = [each["code"] for each in it.api.events()]
        assert codes.count("session.began") == 2
        assert codes.count("session.discontinued") == 1
        assert codes.count("session.completed") == 1


def test_what_is_blocked_is_not_handed_over_until_two_people_set_it_aside(tmp_path: Path) -> None:
    made = plan(ARC, COURSE)
    with bunker(tmp_path) as it, it.folder.gateway() as process:
        it.folder.wait_ready(it.api, process, within=60)
        it.register()
        it.take(made)
        blocked = it.schedule(made)
        assert it.session(blocked)["blocked_by"] == ["approval"]
        good = approved(plan(ARC, Course(points=5, pairs=4, fractions=2, label="BOOST")))
        it.take(good)
        offered = it.schedule(good)
        item = it.offered(offered)
        assert it.session(blocked)["work_item"] == ""
        listed = [str(each.SOPInstanceUID) for each in it.linac.worklist()]
        assert listed == [item]
        stranger = Linac("L9", LOOPBACK, it.port, OURS, free_port(), it.linac.machine)
        with pytest.raises(Refused) as refused:
            stranger.claim(item)
        assert refused.value.status == 0x0124
        assert "L9 is not LINAC1" in refused.value.words
        assert it.session(offered)["state"] == "scheduled"
        assert "L9 is not LINAC1" in page(it.api, f"/sessions/{offered}")


def test_a_kill_in_the_middle_of_a_beam_keeps_lock_session_and_ledger(tmp_path: Path) -> None:
    made = approved(plan(ARC, COURSE))
    path, at = f"/plans/{made.SOPInstanceUID}", now()
    with bunker(tmp_path) as it:
        with it.folder.gateway() as process:
            it.folder.wait_ready(it.api, process, within=60)
            it.register()
            it.take(made)
            session = it.schedule(made)
            task = it.linac.begin(it.offered(session))
            first = record(task.plan, 1, [Part(1)], at=at, machine=it.linac.machine)
            it.take(first)
            says(it.api, path, "100.00 / 100.00 MU")
            it.linac.progress(task, 68.5, 2)
            process.send_signal(signal.SIGKILL)
            process.wait()
        with it.folder.gateway() as process:
            it.folder.wait_ready(it.api, process, within=60)
            it.reaches(session, "in-progress")
            assert it.session(session)["progress"] == 68.5
            assert page(it.api, path).count("100.00 / 100.00 MU") == 1
            assert "0 of 3 fractions given" in page(it.api, path)
            with pytest.raises(Refused) as refused:
                it.linac.claim(task.uid)
            assert refused.value.status == 0xC301
            assert it.linac.worklist() == []
            it.linac.progress(task, 90.0, 2)
            wait_until(lambda: it.session(session)["progress"] == 90.0, within=20, what="progress")
            rest = record(task.plan, 1, [Part(2)], at=at, machine=it.linac.machine)
            it.take(rest)
            it.linac.end(task, [first, rest], at, whole=True)
            it.reaches(session, "completed")
            says(it.api, path, "1 of 3 fractions given")
            assert page(it.api, path).count("100.00 / 100.00 MU") == 2
            codes = [each["code"] for each in it.api.events()]
            assert codes.count("session.began") == codes.count("session.completed") == 1


def test_a_machine_that_only_records_moves_its_session_too(tmp_path: Path) -> None:
    made = approved(plan(STATIC, Course(points=3, pairs=4, fractions=2, machine=OBSERVED)))
    at = now()
    machine = Machine(OBSERVED)
    with bunker(tmp_path) as it, it.folder.gateway() as process:
        it.folder.wait_ready(it.api, process, within=60)
        it.register()
        it.take(made)
        session = it.schedule(made)
        it.take(record(made, 1, [Part(1)], at=at, machine=machine))
        it.reaches(session, "in-progress")
        it.take(record(made, 1, [Part(2)], at=at + timedelta(minutes=3), machine=machine))
        it.reaches(session, "completed")
        it.take(record(made, 2, [Part(1), Part(2)], at=at + timedelta(days=1), machine=machine))
        says(it.api, "/courses/problems", "They count on the ledger")
        assert it.session(session)["performer"] == f"record:{OBSERVED}"
        it.take(summary(made, "ON_TREATMENT", 5, 10.0, f"{at + timedelta(days=1):%Y%m%d}"))
        says(it.api, "/courses/problems", "5; the ledger has 2")
        says(it.api, f"/plans/{made.SOPInstanceUID}", "2 of 2 fractions given")


def test_a_machine_verifies_first_and_then_verifies_and_treats(tmp_path: Path) -> None:
    """PS3.3 C.8.8.29: Beam Task Type VERIFY is no fraction, VERIFY_AND_TREAT is one."""
    made = approved(plan(ARC, COURSE))
    path, at = f"/plans/{made.SOPInstanceUID}", now()
    with bunker(tmp_path) as it, it.folder.gateway() as process:
        it.folder.wait_ready(it.api, process, within=60)
        it.register()
        it.take(made)
        it.linac.machine.verdict = "VERIFIED_OVR"
        looked = it.schedule(made, "VERIFY")
        image = it.linac.treat(it.offered(looked), at=at)
        it.reaches(looked, "verification-done")
        kinds = {each.TreatmentDeliveryType for each in image.TreatmentSessionBeamSequence}
        assert kinds == {"OPEN_PORTFILM"}
        says(it.api, path, "0 of 3 fractions given")
        says(it.api, "/courses/problems", "VERIFIED_OVR")
        says(it.api, f"/sessions/{looked}", "no fraction is given")
        assert "session.completed" not in [each["code"] for each in it.api.events()]
        it.linac.machine.verdict = "VERIFIED"
        treated = it.schedule(made, "VERIFY_AND_TREAT")
        it.linac.treat(it.offered(treated), at=at + timedelta(minutes=10))
        it.reaches(treated, "completed")
        says(it.api, path, "1 of 3 fractions given")


def test_an_offered_plan_is_taken_back_when_another_one_is_derived_from_it(tmp_path: Path) -> None:
    """RT Plan Relationship (PS3.3 C.8.8.9): which one is treated is for a person to say."""
    old = approved(plan(ARC, COURSE))
    new = approved(plan(ARC, Course(points=5, pairs=4, fractions=3, label="REPLAN")))
    reference = item(
        ReferencedSOPClassUID=old.SOPClassUID,
        ReferencedSOPInstanceUID=old.SOPInstanceUID,
        RTPlanRelationship="PREDECESSOR",
    )
    new.ReferencedRTPlanSequence = [reference]
    said = {
        "other": str(old.SOPInstanceUID),
        "kinship": "replaces",
        "counts": "no",
        "reason": "the tumour shrank",
    }
    with bunker(tmp_path) as it, it.folder.gateway() as process:
        it.folder.wait_ready(it.api, process, within=60)
        it.register()
        it.take(old)
        before = it.schedule(old)
        item_before = it.offered(before)
        it.take(new)
        wait_until(lambda: it.linac.worklist() == [], within=20, what="it is withdrawn")
        assert it.session(before)["blocked_by"] == ["relation"]
        with pytest.raises(Refused):
            it.linac.claim(item_before)
        answer = it.api.client.post(f"/plans/{new.SOPInstanceUID}/relate", data=said)
        assert answer.status_code in {200, 303}, answer.text
        after = it.schedule(new)
        it.linac.treat(it.offered(after), at=now())
        it.reaches(after, "completed")
        assert it.session(before)["blocked_by"] == ["state", "fraction", "day"]
        says(it.api, f"/plans/{old.SOPInstanceUID}", "replaced by REPLAN: the tumour shrank")


def test_what_came_late_of_a_fraction_changes_what_its_machine_is_told(tmp_path: Path) -> None:
    """A whole fraction was offered; then a record tells that part of it was given the day before.

    The instruction that was offered is withdrawn, and not handed over in between.
    """
    made = approved(plan(ARC, COURSE))
    late = record(made, 1, [Part(1, 0, 40, termination="MACHINE")], at=now() - timedelta(days=1))
    with bunker(tmp_path) as it, it.folder.gateway() as process:
        it.folder.wait_ready(it.api, process, within=60)
        it.register()
        it.take(made)
        one = it.schedule(made)
        whole = it.offered(one)
        it.take(late)
        says(it.api, f"/plans/{made.SOPInstanceUID}", "40.00 / 100.00 MU")
        with pytest.raises(Refused):
            it.linac.claim(whole)
        wait_until(
            lambda: it.session(one)["work_item"] not in {"", whole}, within=20, what="told anew"
        )
        sent = it.linac.treat(it.offered(one), at=now())
        it.reaches(one, "completed")
        beams = {int(each.ReferencedBeamNumber): each for each in sent.TreatmentSessionBeamSequence}
        assert beams[1].TreatmentDeliveryType == "CONTINUATION"
        assert beams[2].TreatmentDeliveryType == "TREATMENT"
        says(it.api, f"/plans/{made.SOPInstanceUID}", "1 of 3 fractions given")
        assert "given twice" not in page(it.api, f"/plans/{made.SOPInstanceUID}")
