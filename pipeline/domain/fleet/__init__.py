"""What people see of the fleet, and what they write on it by hand.

`stops` decides yanks and holds, `board` is the fleet as rows with a state each, `convergence` says which
stacks lag too far, `layout` fits the rows into a text table, `sentences` tells one entry of the ledger.
"""
