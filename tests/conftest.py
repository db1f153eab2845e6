"""Fixtures are kept by area, each in a file of its own."""

pytest_plugins = [
    "tests.fix_server",
]
