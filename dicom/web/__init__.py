"""DICOMweb (PS3.18): the node's objects over HTTP, and calling other servers of it.

| module | what it is |
|---|---|
| `multipart` | reading and writing multipart/related, as it comes (pure) |
| `media` | what a client takes and what a type says (pure) |
| `model` | the JSON model of attributes (PS3.18 F.2, pure) |
| `question` | a search as `dicom.query` answers it (pure) |
| `search`, `retrieve`, `store` | QIDO-RS, WADO-RS, STOW-RS |
| `client` | the same three, asked of a peer |
"""
