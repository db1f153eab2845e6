"""Lint: statements per second on a generated history, and whole processes on it and on one changed file of it.

Beside it, where they are there: sqlglot's parser alone (in this process), and the squawk program on the same files.
Prints seconds, seconds of processor time, and that as a multiple of what ``migsafe lint`` takes for all files.
"""

from __future__ import annotations

import argparse
import importlib.util
import logging
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from measuring import run

from migsafe.catalog import Catalog
from migsafe.lint.run import Linter
from migsafe.lint.script import script_of
from migsafe.sql.split import split

FILE = """\
-- table {number}
SET lock_timeout = '2s';
CREATE TABLE t{number} (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    parent bigint REFERENCES t{earlier} (id),
    name varchar(100) NOT NULL,
    state text NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'paid', 'sent')),
    made timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX t{number}_parent ON t{number} (parent);
ALTER TABLE t{earlier} ADD COLUMN note_{number} text, ALTER COLUMN name TYPE varchar(200);
CREATE INDEX CONCURRENTLY t{earlier}_{number} ON t{earlier} (note_{number}) WHERE note_{number} IS NOT NULL;
INSERT INTO t{earlier} (name) VALUES ('first'), ('second') ON CONFLICT DO NOTHING;
CREATE OR REPLACE FUNCTION touch_{number}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.made := now();
    RETURN NEW;
END $$;
CREATE TRIGGER touch BEFORE UPDATE ON t{number} FOR EACH ROW EXECUTE FUNCTION touch_{number}();
"""


def write_history(directory: Path, files: int) -> list[Path]:
    written = []
    for number in range(1, files + 1):
        file = directory / f"{number:06}_change.sql"
        file.write_text(FILE.format(number=number, earlier=max(number - 1, 1)), encoding="utf-8")
        written.append(file)
    return written


class Taken(NamedTuple):
    """Seconds of wall time and of processor time."""

    wall: float
    processor: float


def in_process(work: Callable[[], object]) -> Taken:
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return Taken(time.perf_counter() - wall, time.process_time() - processor)


def whole(*words: str | Path, directory: Path) -> Taken:
    """A program from its start to its end. Python may keep what it compiled, as it does where migsafe is installed."""
    wall = time.perf_counter()
    used = run([str(word) for word in words], {"PYTHONDONTWRITEBYTECODE": ""}, directory=directory)
    return Taken(time.perf_counter() - wall, used.processor)


def lint_here(texts: list[str]) -> None:
    catalog, linter = Catalog(), Linter()
    for text in texts:
        linter.lint(script_of(text), catalog)


def sqlglot_here(texts: list[str]) -> None:
    import sqlglot

    logging.disable(logging.WARNING)
    for text in texts:
        for statement in split(text):
            try:
                sqlglot.parse_one(statement.text, read="postgres")
            except sqlglot.errors.ParseError:
                continue


def actions(directory: Path, files: list[Path], squawk: str | None) -> dict[str, Callable[[], Taken]]:
    """What is measured, by its name: first what goes through all statements, then what a hook runs."""
    texts = [file.read_text(encoding="utf-8") for file in files]
    lint = (sys.executable, "-m", "migsafe", "lint", "-q", "--format", "json")
    early = files[len(files) // 50]
    measured: dict[str, Callable[[], Taken]] = {
        "migsafe's rules on all, in process": lambda: in_process(lambda: lint_here(texts)),
        "migsafe lint, all files": lambda: whole(*lint, directory=directory),
        "migsafe lint, the newest file": lambda: whole(*lint, files[-1], directory=directory),
        "migsafe lint, the newest, a cache": lambda: whole(*lint, "--cache", "c", files[-1], directory=directory),
        "migsafe lint, one of the first 2 %": lambda: whole(*lint, early, directory=directory),
    }
    if importlib.util.find_spec("sqlglot"):
        measured["sqlglot's parser on all, in process"] = lambda: in_process(lambda: sqlglot_here(texts))
    if squawk:
        measured["squawk, all files"] = lambda: whole(squawk, *files, directory=directory)
        measured["squawk, the newest file"] = lambda: whole(squawk, files[-1], directory=directory)
    return measured


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--squawk", default=shutil.which("squawk"), help="the squawk program")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        (directory / "migrations").mkdir()
        files = write_history(directory / "migrations", arguments.files)
        statements = sum(len(split(file.read_text(encoding="utf-8"))) for file in files)
        print(f"{arguments.files} files, {statements} statements; medians of {arguments.rounds} rounds, all in turn")
        measured = actions(directory, files, arguments.squawk)
        rounds = [{name: action() for name, action in measured.items()} for _ in range(arguments.rounds)]
        ours = statistics.median(each["migsafe lint, all files"].processor for each in rounds)
        for name in measured:
            wall = statistics.median(each[name].wall for each in rounds)
            processor = statistics.median(each[name].processor for each in rounds)
            rate = f"{statements / processor:8.0f} statements a second" if " all" in name else ""
            ratio = f"{processor / ours:5.2f} x"
            print(f"{name:36} {wall:6.2f} s  {processor:6.2f} s of processors  {ratio}  {rate}".rstrip())


if __name__ == "__main__":
    main()
