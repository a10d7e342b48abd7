"""Sentences that the gateway and its drivers say of their own accord, in other languages."""

from gateway.console.sentences.recognize import COMMON, UNMARKED, Sentences, sentences

__all__ = ["COMMON", "UNMARKED", "Sentences", "sentences"]
