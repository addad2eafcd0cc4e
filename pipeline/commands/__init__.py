"""Acts, one file per verb: gather → decide (domain) → act (ports) → record."""
