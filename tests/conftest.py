"""Fixtures are kept by area, each in a file of its own."""

from hypothesis import HealthCheck, settings

# How fast the machine is says nothing about the code: many tests run side by side.
settings.register_profile("busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy machine")

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
    "tests.fix_steps",
    "tests.fix_tap",
]
