"""The state machine of the upper layer, as the standard prints it (PS3.8 table 9-10). Pure."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from types import MappingProxyType


class State(IntEnum):
    """PS3.8 tables 9-1 to 9-5."""

    IDLE = 1
    AWAIT_REQUEST = 2
    AWAIT_LOCAL_RESPONSE = 3
    AWAIT_CONNECTION = 4
    AWAIT_RESPONSE = 5
    ESTABLISHED = 6
    AWAIT_RELEASE_RP = 7
    AWAIT_LOCAL_RELEASE = 8
    COLLISION_REQUESTOR_LOCAL = 9
    COLLISION_ACCEPTOR_RP = 10
    COLLISION_REQUESTOR_RP = 11
    COLLISION_ACCEPTOR_LOCAL = 12
    AWAIT_CLOSE = 13


class Event(IntEnum):
    """PS3.8 table 9-10, rows. A `LOCAL_…` event comes from us, a `…_PDU` from the peer."""

    LOCAL_ASSOCIATE = 1
    CONNECTED = 2
    ACCEPT_PDU = 3
    REJECT_PDU = 4
    CALLED = 5
    REQUEST_PDU = 6
    LOCAL_ACCEPT = 7
    LOCAL_REJECT = 8
    LOCAL_DATA = 9
    DATA_PDU = 10
    LOCAL_RELEASE = 11
    RELEASE_RQ_PDU = 12
    RELEASE_RP_PDU = 13
    LOCAL_RELEASED = 14
    LOCAL_ABORT = 15
    ABORT_PDU = 16
    CLOSED = 17
    ARTIM_EXPIRED = 18
    INVALID_PDU = 19


class Action(StrEnum):
    """PS3.8 tables 9-6 to 9-9, by their names there."""

    AE_1 = "AE-1"
    AE_2 = "AE-2"
    AE_3 = "AE-3"
    AE_4 = "AE-4"
    AE_5 = "AE-5"
    AE_6 = "AE-6"
    AE_7 = "AE-7"
    AE_8 = "AE-8"
    DT_1 = "DT-1"
    DT_2 = "DT-2"
    AR_1 = "AR-1"
    AR_2 = "AR-2"
    AR_3 = "AR-3"
    AR_4 = "AR-4"
    AR_5 = "AR-5"
    AR_6 = "AR-6"
    AR_7 = "AR-7"
    AR_8 = "AR-8"
    AR_9 = "AR-9"
    AR_10 = "AR-10"
    AA_1 = "AA-1"
    AA_2 = "AA-2"
    AA_3 = "AA-3"
    AA_4 = "AA-4"
    AA_5 = "AA-5"
    AA_6 = "AA-6"
    AA_7 = "AA-7"
    AA_8 = "AA-8"


_NEXT = {
    Action.AE_1: State.AWAIT_CONNECTION,
    Action.AE_2: State.AWAIT_RESPONSE,
    Action.AE_3: State.ESTABLISHED,
    Action.AE_4: State.IDLE,
    Action.AE_5: State.AWAIT_REQUEST,
    Action.AE_6: State.AWAIT_LOCAL_RESPONSE,
    Action.AE_7: State.ESTABLISHED,
    Action.AE_8: State.AWAIT_CLOSE,
    Action.DT_1: State.ESTABLISHED,
    Action.DT_2: State.ESTABLISHED,
    Action.AR_1: State.AWAIT_RELEASE_RP,
    Action.AR_2: State.AWAIT_LOCAL_RELEASE,
    Action.AR_3: State.IDLE,
    Action.AR_4: State.AWAIT_CLOSE,
    Action.AR_5: State.IDLE,
    Action.AR_6: State.AWAIT_RELEASE_RP,
    Action.AR_7: State.AWAIT_LOCAL_RELEASE,
    Action.AR_9: State.COLLISION_REQUESTOR_RP,
    Action.AR_10: State.COLLISION_ACCEPTOR_LOCAL,
    Action.AA_1: State.AWAIT_CLOSE,
    Action.AA_2: State.IDLE,
    Action.AA_3: State.IDLE,
    Action.AA_4: State.IDLE,
    Action.AA_5: State.IDLE,
    Action.AA_6: State.AWAIT_CLOSE,
    Action.AA_7: State.AWAIT_CLOSE,
    Action.AA_8: State.AWAIT_CLOSE,
}
"""Where each action leads; AR-8 leads the requestor and the acceptor to different states."""

_ROWS = """
            1    2    3    4    5    6    7    8    9    10   11   12   13
1   AE-1 -    -    -    -    -    -    -    -    -    -    -    -
2   -    -    -    AE-2 -    -    -    -    -    -    -    -    -
3   -    AA-1 AA-8 -    AE-3 AA-8 AA-8 AA-8 AA-8 AA-8 AA-8 AA-8 AA-6
4   -    AA-1 AA-8 -    AE-4 AA-8 AA-8 AA-8 AA-8 AA-8 AA-8 AA-8 AA-6
5   AE-5 -    -    -    -    -    -    -    -    -    -    -    -
6   -    AE-6 AA-8 -    AA-8 AA-8 AA-8 AA-8 AA-8 AA-8 AA-8 AA-8 AA-7
7   -    -    AE-7 -    -    -    -    -    -    -    -    -    -
8   -    -    AE-8 -    -    -    -    -    -    -    -    -    -
9   -    -    -    -    -    DT-1 -    AR-7 -    -    -    -    -
10  -    AA-1 AA-8 -    AA-8 DT-2 AR-6 AA-8 AA-8 AA-8 AA-8 AA-8 AA-6
11  -    -    -    -    -    AR-1 -    -    -    -    -    -    -
12  -    AA-1 AA-8 -    AA-8 AR-2 AR-8 AA-8 AA-8 AA-8 AA-8 AA-8 AA-6
13  -    AA-1 AA-8 -    AA-8 AA-8 AR-3 AA-8 AA-8 AR-10 AR-3 AA-8 AA-6
14  -    -    -    -    -    -    -    AR-4 AR-9 -    -    AR-4 -
15  -    -    AA-1 AA-2 AA-1 AA-1 AA-1 AA-1 AA-1 AA-1 AA-1 AA-1 -
16  -    AA-2 AA-3 -    AA-3 AA-3 AA-3 AA-3 AA-3 AA-3 AA-3 AA-3 AA-2
17  -    AA-5 AA-4 AA-4 AA-4 AA-4 AA-4 AA-4 AA-4 AA-4 AA-4 AA-4 AR-5
18  -    AA-2 -    -    -    -    -    -    -    -    -    -    AA-2
19  -    AA-1 AA-8 -    AA-8 AA-8 AA-8 AA-8 AA-8 AA-8 AA-8 AA-8 AA-7
"""


def _read(rows: str) -> dict[tuple[Event, State], Action]:
    table = {}
    for line in rows.strip().splitlines()[1:]:
        event, *cells = line.split()
        for state, cell in enumerate(cells, 1):
            if cell != "-":
                table[Event(int(event)), State(state)] = Action(cell)
    return table


TABLE = MappingProxyType(_read(_ROWS))


class Machine:
    """Where one association stands. `requestor` says which side we are."""

    def __init__(self, *, requestor: bool) -> None:
        self.requestor = requestor
        self.state = State.IDLE

    def step(self, event: Event) -> Action:
        """Go on; ValueError for an event that the state has no row for, which is our own error."""
        action = TABLE.get((event, self.state))
        if action is None:
            raise ValueError(f"{event.name} while {self.state.name}")
        if action is Action.AR_8:
            requestor, acceptor = State.COLLISION_REQUESTOR_LOCAL, State.COLLISION_ACCEPTOR_RP
            self.state = requestor if self.requestor else acceptor
        else:
            self.state = _NEXT[action]
        return action
