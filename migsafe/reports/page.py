"""A page for a terminal: paragraphs, wrapped and indented."""

from __future__ import annotations

from io import StringIO

from rich.console import Console
from rich.text import Text


class Page:
    """Lines of text, wrapped by what the characters take on a terminal."""

    def __init__(self, width: int, *, colour: bool) -> None:
        self.width = max(width, 40)
        self._console = Console(
            file=StringIO(),
            width=self.width,
            force_terminal=colour,
            color_system="standard" if colour else None,
            highlight=False,
            legacy_windows=False,
        )

    def write(self, *parts: str | tuple[str, str], indent: int = 0, hanging: int = 0) -> None:
        """A paragraph of texts and (text, style) pairs, indented; from its second line on by ``hanging`` more."""
        paragraph = Text.assemble(*parts)
        for given in paragraph.split("\n", allow_blank=True):
            first, *rest = given.wrap(self._console, self.width - indent - hanging) or [Text()]
            for number, line in enumerate([first, *rest]):
                line.rstrip()
                self._line(" " * (indent + (hanging if number else 0)), line)

    def whole(self, text: str, *, indent: int, style: str = "") -> None:
        """One line, however long."""
        self._line(" " * indent, Text(text, style=style))

    def verbatim(self, text: str, *, indent: int) -> None:
        """Lines as they are, only indented."""
        for line in text.expandtabs().splitlines():
            self._line(" " * indent, Text(line.rstrip(), style="dim"))

    def _line(self, indent: str, line: Text) -> None:
        self._console.print(Text.assemble(indent, line) if line else Text(), soft_wrap=True)

    def text(self) -> str:
        """All that was written."""
        stream = self._console.file
        assert isinstance(stream, StringIO)
        return stream.getvalue()
