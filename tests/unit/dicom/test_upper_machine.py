"""The state table is the standard's, as pynetdicom prints it too."""

from __future__ import annotations

import pytest
from pynetdicom import fsm

from dicom.upper.machine import TABLE, Action, Event, Machine, State


def test_every_cell_is_the_one_that_pynetdicom_has() -> None:
    ours = {
        (f"Evt{event.value}", f"Sta{state.value}"): action.value
        for (event, state), action in TABLE.items()
    }
    assert ours == fsm.TRANSITION_TABLE


@pytest.mark.parametrize("cell", TABLE, ids=lambda cell: f"{cell[0].name}-{cell[1].name}")
@pytest.mark.parametrize("requestor", [True, False])
def test_every_action_leads_where_the_standard_says(
    cell: tuple[Event, State], *, requestor: bool
) -> None:
    event, state = cell
    machine = Machine(requestor=requestor)
    machine.state = state
    action = machine.step(event)
    places = fsm.ACTIONS[action.value][2]
    allowed = (places,) if isinstance(places, str) else places
    assert f"Sta{machine.state.value}" in allowed


def test_a_collision_leads_the_two_sides_apart() -> None:
    sides = {}
    for requestor in (True, False):
        machine = Machine(requestor=requestor)
        machine.state = State.AWAIT_RELEASE_RP
        assert machine.step(Event.RELEASE_RQ_PDU) is Action.AR_8
        sides[requestor] = machine.state
    assert sides == {True: State.COLLISION_REQUESTOR_LOCAL, False: State.COLLISION_ACCEPTOR_RP}


def test_what_only_we_could_do_wrong_is_an_error_of_ours() -> None:
    with pytest.raises(ValueError, match="LOCAL_DATA while IDLE"):
        Machine(requestor=True).step(Event.LOCAL_DATA)
