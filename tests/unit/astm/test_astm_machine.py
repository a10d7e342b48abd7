"""The receiver against a model: a sender that does right and wrong things in any order."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from drivers.astm.codec import (
    Accept,
    Ack,
    Action,
    Begin,
    Ignore,
    Incomplete,
    Nak,
    Receiver,
    TransferComplete,
)
from tests.unit.astm.astm_kit import ENQ, EOT, frame

texts = st.binary(max_size=20).map(lambda text: bytes(byte | 0x20 for byte in text))


class ReceiverAgainstModel(RuleBasedStateMachine):
    """The model knows what a receiver must: whether a transfer is open, and what is stored."""

    def __init__(self) -> None:
        super().__init__()
        self.receiver = Receiver(limit=240)
        self.now = 0.0
        self.open = False
        self.stored: list[bytes] = []
        self.taken: list[bytes] = []

    def hear(self, data: bytes, *, store_works: bool = True) -> list[Action]:
        """Feed bytes as a driver does, and keep what a driver would have stored."""
        heard = []
        for action in self.receiver.feed(data, self.now):
            heard.append(action)
            match action:
                case Begin() if store_works:
                    self.taken = []
                case Accept(good) if store_works:
                    self.taken.append(good)
                case Begin() | Accept():
                    self.receiver.withhold()
        return [action for action in heard if not isinstance(action, Ignore)]

    def due(self, text: bytes) -> bytes:
        return frame(len(self.stored) + 1, text)

    @rule(works=st.booleans())
    def enquire(self, *, works: bool) -> None:
        expected: list[type[Action]] = [Incomplete, Begin] if self.open else [Begin]
        assert [type(each) for each in self.hear(ENQ, store_works=works)] == expected
        self.open = works
        self.stored = []

    @precondition(lambda self: self.open)
    @rule(text=texts, works=st.booleans())
    def send_what_is_due(self, text: bytes, *, works: bool) -> None:
        sent = self.due(text)
        assert self.hear(sent, store_works=works) == [Accept(sent)]
        if works:
            self.stored.append(sent)

    @precondition(lambda self: self.open and self.stored)
    @rule()
    def send_again(self) -> None:
        assert self.hear(self.stored[-1]) == [Ack()]

    @precondition(lambda self: self.open)
    @rule(text=texts, off=st.integers(1, 7))
    def send_another_number(self, text: bytes, off: int) -> None:
        sent = frame(len(self.stored) + 1 + off, text)
        expected = Ack if self.stored and sent == self.stored[-1] else Nak
        assert [type(each) for each in self.hear(sent)] == [expected]

    @precondition(lambda self: self.open)
    @rule(text=texts, spoil=st.integers(1, 255))
    def send_garbled(self, text: bytes, spoil: int) -> None:
        sent = self.due(text)
        wrong = b"%02X" % ((int(sent[-4:-2], 16) + spoil) % 256)
        assert [type(each) for each in self.hear(sent[:-4] + wrong + b"\r\n")] == [Nak]

    @precondition(lambda self: self.open)
    @rule(text=texts, cut=st.integers(1, 5))
    def break_off_and_send_again(self, text: bytes, cut: int) -> None:
        sent = self.due(text)
        assert self.hear(sent[:cut]) == []
        self.now += 5.0
        nak = self.receiver.tick(self.now)
        assert isinstance(nak, Nak)
        assert self.hear(sent) == [Accept(sent)]
        self.stored.append(sent)

    @precondition(lambda self: self.open)
    @rule()
    def send_an_endless_frame(self) -> None:
        heard = self.hear(b"\x02" + b"1" + b"x" * 300 + b"\x0300\r\n")
        assert [type(each) for each in heard] == [Nak]

    @rule(noise=st.binary(max_size=9).map(lambda raw: bytes(byte | 0x20 for byte in raw)))
    def make_noise(self, noise: bytes) -> None:
        assert self.hear(noise) == []

    @rule()
    def end(self) -> None:
        assert self.hear(EOT) == ([TransferComplete()] if self.open else [])
        self.open = False

    @rule()
    def fall_silent(self) -> None:
        self.now += 30.0
        said = self.receiver.tick(self.now)
        assert isinstance(said, Incomplete) == self.open
        self.open = False

    @invariant()
    def what_is_stored_is_what_the_model_has(self) -> None:
        assert self.receiver.in_transfer == self.open
        if self.open:
            assert self.taken == self.stored


TestReceiverAgainstModel = ReceiverAgainstModel.TestCase
