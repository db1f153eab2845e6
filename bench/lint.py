"""Lint: statements per second on a generated history, and whole processes on it and on one changed file of it.

Beside it, where they are there: sqlglot's parser alone (in this process), and the squawk program on the same files.
"""

from __future__ import annotations

import argparse
import importlib.util
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

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


def seconds(work: Callable[[], object], rounds: int) -> float:
    """The best of some rounds: what disturbs only ever adds."""
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)


def lint_here(texts: list[str]) -> None:
    catalog, linter = Catalog(), Linter()
    for text in texts:
        linter.lint(script_of(text), catalog)


def sqlglot_here(texts: list[str]) -> None:
    import logging

    import sqlglot

    logging.disable(logging.WARNING)
    for text in texts:
        for statement in split(text):
            try:
                sqlglot.parse_one(statement.text, read="postgres")
            except sqlglot.errors.ParseError:
                continue


def process(*words: str | Path, directory: Path) -> Callable[[], object]:
    return lambda: subprocess.run([*words], cwd=directory, check=False, capture_output=True)


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
        texts = [file.read_text(encoding="utf-8") for file in files]
        statements = sum(len(split(text)) for text in texts)
        print(f"{arguments.files} files, {statements} statements")
        ours = seconds(lambda: lint_here(texts), arguments.rounds)
        print(f"migsafe, in process          {ours:6.2f} s  {statements / ours:8.0f} statements a second")
        if importlib.util.find_spec("sqlglot"):
            theirs = seconds(lambda: sqlglot_here(texts), 1)
            print(
                f"sqlglot's parser alone       {theirs:6.2f} s  {statements / theirs:8.0f}, ratio {theirs / ours:.1f}"
            )
        lint = (sys.executable, "-m", "migsafe", "lint", "-q", "--format", "json")
        whole = seconds(process(*lint, directory=directory), arguments.rounds)
        print(f"migsafe lint, whole process  {whole:6.2f} s")
        one = seconds(process(*lint, files[-1], directory=directory), arguments.rounds)
        print(f"  on the newest file alone   {one:6.2f} s  with all the others followed")
        alone = process(*lint, files[len(files) // 50], directory=directory)
        print(f"  on one of the first 2 %    {seconds(alone, arguments.rounds):6.2f} s")
        if arguments.squawk:
            squawk = seconds(process(arguments.squawk, *files, directory=directory), arguments.rounds)
            one = seconds(process(arguments.squawk, files[-1], directory=directory), arguments.rounds)
            print(f"squawk, whole process        {squawk:6.2f} s  on one file {one:.2f} s")


if __name__ == "__main__":
    main()
