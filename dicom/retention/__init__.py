"""Studies leave the store by rules of the site, when no person and nothing else needs them."""
