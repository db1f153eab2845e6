"""Where the project's Python begins: makes the files beside this one a package, and nothing else importable."""

import sys
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).resolve().parent

if __name__ == "__main__":
    sys.path[0] = str(HERE.parent)
    service = import_module(f"{HERE.name}.service")
    del sys.path[0]  # beside the package is another alembic.py
    service.serve()
