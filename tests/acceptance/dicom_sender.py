"""Senders for kill tests, by pynetdicom: `PORT LOG…`, one a LOG, until standard input ends.

Each object is noted in its LOG after its success was seen, and sent again until then.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from pathlib import Path
from random import Random

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from pynetdicom import AE

from simulators.rt.asking import leave_answers
from tests.dicom_objects import CT, RT_RECORD, dataset, image
from tests.dicom_peers import OURS
from tests.peers import LOOPBACK

_PAUSE = 0.05
_PATIENCE = 5.0


def objects(seed: int) -> Dataset:
    """An image or a record of arbitrary size, of one study a sender."""
    chance = Random(generate_uid())
    study = f"1.2.826.0.1.3680043.8.498.{seed + 1}"
    facts = {"StudyInstanceUID": study, "SeriesInstanceUID": f"{study}.1"}
    made = dataset(RT_RECORD, **facts)
    if chance.randrange(3):
        made = image(chance.choice((16, 128, 400)), **facts)
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta = meta
    return made


def send(port: int, log: Path, seed: int, ended: threading.Event) -> None:
    """Send until told to end; a lost association is opened again."""
    logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)
    waiting = objects(seed)
    with log.open("a") as file:
        while not ended.is_set():
            entity = AE("SENDER")
            entity.dimse_timeout = _PATIENCE
            for sop_class in (CT, RT_RECORD):
                entity.add_requested_context(sop_class, ExplicitVRLittleEndian)
            association = entity.associate(LOOPBACK, port, ae_title=OURS)
            leave_answers(association)
            while association.is_established and not ended.is_set():
                status = association.send_c_store(waiting)
                if status and status.Status == 0:
                    file.write(f"{waiting.SOPInstanceUID}\n")
                    file.flush()
                    waiting = objects(seed)
            if association.is_established:
                association.release()
            time.sleep(_PAUSE)


def main(port: str, *logs: str) -> None:
    ended = threading.Event()
    senders = [
        threading.Thread(target=send, args=(int(port), Path(log), seed, ended))
        for seed, log in enumerate(logs)
    ]
    for sender in senders:
        sender.start()
    sys.stdin.read()
    ended.set()
    for sender in senders:
        sender.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
