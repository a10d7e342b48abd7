"""eSpeak NG by its C library, in a process of its own: text on the input, WAV on the output.

Run as a script, `espeak_process.py <voice> <words a minute>`: it imports nothing of the gateway,
so that the library (GPL-3.0-or-later) is never loaded by it, and what it does wrong ends here.
Constants are of espeak-ng's `speak_lib.h`.
"""

from __future__ import annotations

import ctypes
import resource
import sys
import wave

AUDIO_OUTPUT_SYNCHRONOUS = 2
POSITION_CHARACTER = 1
CHARACTERS_UTF8 = 1
RATE = 1
SECONDS = 10
MEMORY = 512 * 1024 * 1024


def main(voice: str, words_a_minute: int) -> None:
    """Speak what stands on the input."""
    import espeakng_loader  # noqa: PLC0415 - the extra `voice`

    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    data = espeakng_loader.get_data_path().encode()
    rate = library.espeak_Initialize(AUDIO_OUTPUT_SYNCHRONOUS, 0, data, 0)
    if rate <= 0:
        sys.exit("espeak-ng can't be initialized")
    samples = bytearray()
    callback = ctypes.CFUNCTYPE(
        ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
    )

    def take(heard: object, count: int, _events: object) -> int:
        if heard and count > 0:
            samples.extend(ctypes.string_at(heard, count * 2))  # type: ignore[arg-type]
        return 0

    taker = callback(take)
    library.espeak_SetSynthCallback(taker)
    if library.espeak_SetVoiceByName(voice.encode()) != 0:
        sys.exit(f"espeak-ng has no voice {voice}")
    library.espeak_SetParameter(RATE, words_a_minute, 0)
    text = sys.stdin.buffer.read()
    library.espeak_Synth(text, len(text) + 1, 0, POSITION_CHARACTER, 0, CHARACTERS_UTF8, None, None)
    library.espeak_Synchronize()
    with wave.open(sys.stdout.buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.setnframes(len(samples) // 2)
        file.writeframesraw(bytes(samples))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
