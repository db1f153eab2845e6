"""``python -m migsafe`` is the command ``migsafe``."""

from migsafe.cli import main

main(prog_name="migsafe")
