"""What is in an object, for people: its attributes and a picture, decoded in another process."""

from dicom.view.viewer import Unviewable, Viewer
from dicom.view.words import Look, Picture, Row, Stored, Unseen

__all__ = ["Look", "Picture", "Row", "Stored", "Unseen", "Unviewable", "Viewer"]
