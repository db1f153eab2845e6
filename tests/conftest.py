"""Fixtures are kept by area, each in a file of its own."""

from hypothesis import HealthCheck, settings

# How fast the machine is says nothing about the code: many tests run side by side. The same examples in every run:
# whoever's change goes red did it. New ones are looked for with --hypothesis-profile=explore.
busy = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("same examples", busy, derandomize=True)
settings.register_profile("explore", busy, max_examples=4000)
settings.load_profile("same examples")

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
    "tests.fix_sides",
    "tests.fix_steps",
    "tests.fix_tap",
]
