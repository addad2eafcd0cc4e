"""Measurements, not tests: nothing here passes or fails. `python -m benchmarks --help` says what there is."""
