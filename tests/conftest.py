"""Fixtures are kept by area, each in a file of its own."""

pytest_plugins = [
    "tests.fix_alembic",
    "tests.fix_data",
    "tests.fix_golden",
    "tests.fix_project",
    "tests.fix_rehearsal",
    "tests.fix_server",
    "tests.fix_snapshots",
    "tests.fix_sql_files",
    "tests.fix_state",
    "tests.fix_tap",
]
