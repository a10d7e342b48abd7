"""UCUM units as people write them; what is stored and sent stays UCUM."""

from __future__ import annotations

import re

_WRITTEN = {
    "1": "",
    "{count}": "",
    "{count}/s": "s⁻¹",
    "Cel": "°C",
    "[degF]": "°F",
    "deg": "°",
    "W.h": "Wh",
    "kW.h": "kWh",
    "MW.h": "MWh",
    "V.A": "VA",
    "kV.A": "kVA",
    "V.A{reactive}": "var",
    "kV.A{reactive}": "kvar",
    "kV.A.h{reactive}": "kvarh",
    "dB{A}": "dB(A)",
    "dB{mW}": "dBm",
    "m[H2O]": "mH₂O",
    "10*9/L": "10⁹/L",
    "10*12/L": "10¹²/L",
    "/h": "h⁻¹",
    "/min": "min⁻¹",
}
_POWERS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_NOTE = re.compile(r"\{([^}]*)\}")
_POWER = re.compile(r"(?<=[A-Za-z\]])(-?\d+)")


def written(ucum: str) -> str:
    """`m3/h` is m³/h, `uSv/h` is µSv/h, `{count}` is count."""
    known = _WRITTEN.get(ucum)
    if known is not None:
        return known
    plain = _NOTE.sub(r" \1", ucum).strip()
    plain = re.sub(r"(?<![A-Za-z])u(?=[A-Z a-z])", "µ", plain)
    powers = _POWER.sub(lambda match: match[1].translate(_POWERS), plain)
    return powers.replace(".", "·").replace("[", "").replace("]", "")
