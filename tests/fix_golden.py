"""Files that hold what is expected, word for word; ``pytest --update-golden`` writes them anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Golden = Callable[[Path, str], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compare a text with a file, or write the file when asked to."""

    def compare(file: Path, text: str) -> None:
        if request.config.getoption("--update-golden"):
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
        assert text == file.read_text(encoding="utf-8"), f"{file.name} says otherwise; --update-golden writes it anew"

    return compare


@pytest.fixture
def golden_block(golden: Golden) -> Callable[[Path, str, str], None]:
    """Compare a text with what stands between ``<!-- name -->`` and ``<!-- end of name -->`` in a file."""

    def compare(file: Path, name: str, text: str) -> None:
        before, start, rest = file.read_text(encoding="utf-8").partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition(f"<!-- end of {name} -->\n")
        assert start, f"{file.name} has no block {name}"
        assert end, f"the block {name} of {file.name} has no end"
        golden(file, f"{before}{start}\n{text}\n{end}{after}")

    return compare
