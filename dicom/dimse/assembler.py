"""Fragments to messages (PS3.8 E.2, PS3.7 6.3.1). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from dicom.dimse.command import Command, decode
from dicom.upper.pdata import Pdv
from gateway import ProtocolViolation


@dataclass(frozen=True, slots=True)
class Begun:
    """A message's command is whole. Its dataset's fragments follow if it has one."""

    context: int
    command: Command


@dataclass(frozen=True, slots=True)
class Piece:
    """A fragment of the dataset of the message that was begun last."""

    data: memoryview
    last: bool


Part: TypeAlias = Begun | Piece


class Assembler:
    """Follows one direction of an association; ProtocolViolation for what can't be a message."""

    def __init__(self, longest_command: int) -> None:
        self._longest = longest_command
        self._context: int | None = None
        self._command = bytearray()
        self._in_dataset = False

    @property
    def between_messages(self) -> bool:
        return self._context is None

    def take(self, pdv: Pdv) -> Part | None:
        """What `pdv` completes; None while a command is not whole."""
        if self._context is None:
            self._context = pdv.context
        elif pdv.context != self._context:
            raise ProtocolViolation(
                f"a fragment in context {pdv.context} inside a message in context {self._context}"
            )
        if pdv.is_command is self._in_dataset:
            raise ProtocolViolation(
                "a command fragment inside a dataset"
                if pdv.is_command
                else "a dataset fragment without a command"
            )
        return self._dataset(pdv) if self._in_dataset else self._commanded(pdv)

    def _commanded(self, pdv: Pdv) -> Begun | None:
        if len(self._command) + len(pdv.data) > self._longest:
            raise ProtocolViolation(f"a command of more than {self._longest} bytes")
        self._command += pdv.data
        if not pdv.is_last:
            return None
        command = decode(bytes(self._command))
        self._command.clear()
        context = pdv.context
        self._in_dataset = command.has_dataset
        if not command.has_dataset:
            self._context = None
        return Begun(context, command)

    def _dataset(self, pdv: Pdv) -> Piece:
        if pdv.is_last:
            self._in_dataset = False
            self._context = None
        return Piece(pdv.data, pdv.is_last)
