"""How far verdicts can be trusted: the characteristics of the suite, tried on a bank of seeds.

A bank is a baseline of at least a hundred seeds an arm that the suite itself never uses. Suites
are drawn from it and decided by the code that decides claims; nothing here trains, and nothing
here decides anew what a claim, a look or a drift is.
"""
