"""De-identification (PS3.15 Annex E): what leaves the hospital names nobody.

`engine` needs pydicom; a gateway that only reads its configuration needs `options` alone.
"""
