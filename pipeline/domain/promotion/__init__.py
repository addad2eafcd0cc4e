"""Promotion: moving stacks from one written-down content to another, and back.

`phases` is the state machine (read it first), `record` its values, `fold` replays them from the ledger,
`claims` says what may be written next, `steps` what has to be done next, `waves` in which order,
`eligibility` whether it may begin at all.
"""
