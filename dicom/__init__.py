"""The DICOM node: associations, storage and its index. `README.md` shows how a service is made."""
