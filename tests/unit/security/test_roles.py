from __future__ import annotations

from itertools import combinations

import pytest

from gateway.room import Permission
from gateway.security.roles import OPERATORS, PERMISSIONS, WORDS, Role, conflict, permissions_of


def test_every_role_may_something_and_every_permission_is_somebodys() -> None:
    assert PERMISSIONS.keys() == set(Role)
    assert all(PERMISSIONS.values())
    assert permissions_of(Role) == set(Permission), "give the new permission to a role"


def test_every_permission_is_said_in_words() -> None:
    assert WORDS.keys() == set(Permission), "say in gateway.security.roles what it allows"


@pytest.mark.parametrize("pair", list(combinations(Role, 2)), ids="+".join)
def test_rights_checks_and_work_are_different_persons(pair: tuple[Role, Role]) -> None:
    apart = {Role.ADMINISTRATOR, Role.AUDITOR} & set(pair)
    assert bool(conflict(frozenset(pair))) == bool(apart)


def test_all_operator_roles_go_together() -> None:
    assert conflict(OPERATORS) is None


def test_who_gives_rights_sees_no_patient_and_who_checks_changes_nothing() -> None:
    assert not any(each.reveals_patients for each in PERMISSIONS[Role.ADMINISTRATOR])
    assert PERMISSIONS[Role.AUDITOR] == {
        Permission.READ_SITE,
        Permission.READ_AUDIT,
        Permission.READ_SETTINGS,
    }
