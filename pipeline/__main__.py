"""Lets `python -m pipeline` be the same as `modferry`."""

from pipeline.cli import main

main()
