"""The tables behind `gateway.profile.ucum`: facts of UCUM 2.1, sections 4.2 to 4.5.

A definition names what a unit measures, not how large it is.
"""

from __future__ import annotations

PREFIXES = frozenset(
    ("Y", "Z", "E", "P", "T", "G", "M", "k", "h", "da", "d", "c", "m", "u", "n", "p", "f", "a", "z",
     "y", "Ki", "Mi", "Gi", "Ti")
)  # fmt: skip

BASE = {
    "m": (1, 0, 0, 0, 0, 0, 0),
    "s": (0, 1, 0, 0, 0, 0, 0),
    "g": (0, 0, 1, 0, 0, 0, 0),
    "rad": (0, 0, 0, 1, 0, 0, 0),
    "K": (0, 0, 0, 0, 1, 0, 0),
    "C": (0, 0, 0, 0, 0, 1, 0),
    "cd": (0, 0, 0, 0, 0, 0, 1),
}

METRIC = {
    "mol": "1", "sr": "rad2", "Hz": "s-1", "N": "kg.m/s2", "Pa": "N/m2", "J": "N.m", "W": "J/s",
    "A": "C/s", "V": "J/C", "F": "C/V", "Ohm": "V/A", "S": "Ohm-1", "Wb": "V.s", "Cel": "K",
    "T": "Wb/m2", "H": "Wb/A", "lm": "cd.sr", "lx": "lm/m2", "Bq": "s-1", "Gy": "J/kg",
    "Sv": "J/kg", "l": "dm3", "L": "l", "ar": "m2", "t": "kg", "bar": "Pa", "u": "g", "eV": "J",
    "m[Hg]": "Pa", "m[H2O]": "Pa", "Ci": "Bq", "R": "C/kg", "RAD": "J/kg", "REM": "J/kg",
    "G": "T", "P": "Pa.s", "St": "m2/s", "dyn": "N", "erg": "J", "gf": "N", "cal": "J",
    "kat": "mol/s", "U": "mol/min", "eq": "mol", "osm": "mol", "g%": "g/dl", "[iU]": "1",
    "[IU]": "1", "Np": "1", "B": "1", "B[SPL]": "Pa", "B[V]": "V", "B[W]": "W", "bit": "1",
    "By": "bit", "Bd": "s-1", "[g]": "m/s2", "[c]": "m/s",
}  # fmt: skip

PLAIN = {
    "10*": "1", "10^": "1", "%": "1", "[pi]": "1", "[ppth]": "1", "[ppm]": "1", "[ppb]": "1",
    "[pptr]": "1", "min": "s", "h": "s", "d": "s", "wk": "s", "mo": "s", "a": "s", "deg": "rad",
    "'": "rad", "''": "rad", "gon": "rad", "atm": "Pa", "[psi]": "Pa", "[in_i]": "m",
    "[ft_i]": "m", "[yd_i]": "m", "[mi_i]": "m", "[sin_i]": "m2", "[sft_i]": "m2", "[cin_i]": "m3",
    "[cft_i]": "m3", "[gal_us]": "m3", "[foz_us]": "m3", "[lb_av]": "g", "[oz_av]": "g",
    "[lbf_av]": "N", "[degF]": "K", "[Btu]": "J", "[Cal]": "J", "[HP]": "W", "[pH]": "mol/l",
    "[CFU]": "1", "[PFU]": "1", "[arb'U]": "1", "[HPF]": "1", "[LPF]": "1", "[APL'U]": "1",
    "[GPL'U]": "1", "[MPL'U]": "1",  "[S]": "s", "[drp]": "m3",
    "[diop]": "m-1", "[MET]": "ml/min/kg", "[NTU]": "1", "[FNU]": "1", "[Ch]": "m",
    "[in_i'H2O]": "Pa", "[in_i'Hg]": "Pa", "[USP'U]": "1", "[beth'U]": "1", "[anti'Xa'U]": "1",
    "[todd'U]": "1", "[ka'U]": "1", "[tb'U]": "1", "[AU]": "1", "[EU]": "1", "[TCID_50]": "1",
}  # fmt: skip

HABITS = {
    "°C": "Cel", "℃": "Cel", "degC": "Cel", "C°": "Cel", "°F": "[degF]", "℉": "[degF]",
    "degF": "[degF]", "°": "deg", "Ω": "Ohm", "ohm": "Ohm", "kWh": "kW.h", "Wh": "W.h",
    "MWh": "MW.h", "kVA": "kV.A", "VA": "V.A", "MVA": "MV.A", "var": "V.A{reactive}",
    "kvar": "kV.A{reactive}", "kVar": "kV.A{reactive}", "kVAr": "kV.A{reactive}",
    "kvarh": "kV.A.h{reactive}", "kVAh": "kV.A.h", "Ah": "A.h", "mAh": "mA.h", "mmHg": "mm[Hg]",
    "mmH2O": "mm[H2O]", "cmH2O": "cm[H2O]", "psi": "[psi]", "ppm": "[ppm]", "ppb": "[ppb]",
    "rpm": "/min", "RPM": "/min", "bpm": "/min", "%RH": "%", "RH": "%", "pH": "[pH]",
    "in": "[in_i]",
    "Torr": "mm[Hg]", "ft": "[ft_i]", "lb": "[lb_av]", "IU": "[IU]", "sec": "s", "hr": "h",
    "hour": "h", "day": "d",
    "days": "d", "hours": "h", "minutes": "min", "seconds": "s", "MU": "{MU}", "count": "{count}",
    "counts": "{count}", "cps": "{count}/s", "cpm": "{count}/min", "people": "{person}",
}  # fmt: skip

COMMON = (
    "V", "kV", "mV", "A", "mA", "kA", "W", "kW", "MW", "V.A", "kV.A", "kW.h", "MW.h", "A.h", "Hz",
    "kHz", "Cel", "K", "%", "Pa", "kPa", "MPa", "hPa", "bar", "mbar", "mm[Hg]", "s", "ms", "min",
    "h", "d", "m", "cm", "mm", "m2", "m3", "m3/h", "l", "l/min", "L/min", "l/h", "kg", "g", "mg",
    "ug", "kg/h", "uSv/h", "mSv/h", "nSv/h", "mSv", "uSv", "Gy", "cGy", "uGy/h", "Bq", "kBq",
    "MBq", "MBq/m3", "Ohm", "kOhm", "MOhm", "deg", "rad", "lx", "dB", "[ppm]", "[ppb]", "mg/m3",
    "ug/m3", "g/L", "g/dL", "mg/dL", "mmol/L", "umol/L", "U/L", "10*9/L", "10*12/L", "m/s",
    "/min", "uS/cm", "J", "MJ", "GJ", "kcal",
)  # fmt: skip
