"""What we ask of other nodes, one module a service class (PS3.4), over an open association.

Identifiers are pydicom datasets of a few elements; objects are never decoded here.
"""
