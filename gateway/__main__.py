"""`python -m gateway` is `isogate`."""

from gateway.cli import main

main()
