"""Modality Performed Procedure Step (PS3.4 F.7): what modalities say that they do and did."""
