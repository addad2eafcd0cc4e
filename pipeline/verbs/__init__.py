"""One file per verb: its options and help, the adapters it is wired with, and the act it calls."""
