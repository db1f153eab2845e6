"""The names of the checks that run something, for those that need to know no more of them."""

NAMES = ("apply", "data", "apply-twice", "crash", "locks", "rollback", "restore", "compatibility")
