"""Rules: which change of a module's interface asks for which bump, and what it does to whoever upgrades."""
