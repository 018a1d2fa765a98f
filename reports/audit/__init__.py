"""How far verdicts can be trusted: the suite's operating characteristics, tried on other seeds.

They come from a baseline of a hundred seeds or more an arm that the suite itself never uses. Suites
are drawn from it and decided by the code that decides claims; nothing here trains, and nothing
here decides anew what a claim, a look or a drift is.
"""
