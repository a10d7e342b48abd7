"""Accounts, roles, sessions, tokens: who may do what."""

from gateway.security.room import room
from gateway.security.security import Security

__all__ = ["Security", "room"]
