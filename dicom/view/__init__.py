"""What is in an object, for people: its attributes and a picture, decoded in another process."""

from dicom.view.viewer import Unviewable, Viewer
from dicom.view.words import Look, Picture, Row, Unseen

__all__ = ["Look", "Picture", "Row", "Unseen", "Unviewable", "Viewer"]
