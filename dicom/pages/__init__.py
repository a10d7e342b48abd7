"""The node's pages: studies, objects, pictures, and the node itself."""

from dicom.pages.names import CLASHES
from dicom.pages.pages import Pages

__all__ = ["CLASHES", "Pages"]
