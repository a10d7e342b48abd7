"""UCUM units as people write them; what is stored and sent stays UCUM."""

from __future__ import annotations

import re

_WRITTEN = {
    "1": "",
    "Cel": "°C",
    "[degF]": "°F",
    "kW.h": "kWh",
    "MW.h": "MWh",
    "kvar.h": "kvarh",
    "deg": "°",
    "m[H2O]": "mH₂O",
    "10*-6": "ppm",
    "[ppm]": "ppm",
    "[ppb]": "ppb",
    "/min": "min⁻¹",
    "[pH]": "pH",
}
_POWERS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_NOTE = re.compile(r"\{([^}]*)\}")
_POWER = re.compile(r"(?<=[A-Za-z\]])(-?\d+)")


def written(ucum: str) -> str:
    """`m3/h` is m³/h, `uSv/h` is µSv/h, `{count}` is count."""
    known = _WRITTEN.get(ucum)
    if known is not None:
        return known
    plain = _NOTE.sub(r"\1", ucum)
    plain = re.sub(r"(?<![A-Za-z])u(?=[A-Z a-z])", "µ", plain)
    powers = _POWER.sub(lambda match: match[1].translate(_POWERS), plain)
    return powers.replace(".", "·").replace("[", "").replace("]", "")
