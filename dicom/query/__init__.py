"""Query/Retrieve (PS3.4 Annex C): C-FIND, C-MOVE and C-GET on what is stored."""
