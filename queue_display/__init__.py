"""The queue: who waits, who is called next and why, and the screens that say so."""
