"""An XML document as events: read once, no tree kept, entities refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PIECE = 1 << 20  # bytes given to the parser at a time


def local(name: str) -> str:
    """Name without its namespace."""
    return name.rpartition("}")[2]


class _RefusedError(Exception):
    """A document type or an entity."""


class Events:
    """Reads a document; subclasses say what happens where an element starts and ends.

    ``starts`` and ``ends`` are by local name. `gather` collects the text of the
    element that starts; `subtree` the element whole, for something small.
    """

    roots: tuple[str, ...]

    def __init__(self) -> None:
        self.parser = expat.ParserCreate(namespace_separator="}")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._root
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.EntityDeclHandler = self._refuse
        self.text: list[str] = []
        self.out: list[bytes] = []
        self.starts: dict[str, Callable[[dict[str, str]], None]] = {}
        self.ends: dict[str, Callable[[], None]] = {}

    def lines(self, raw: bytes) -> Iterator[bytes]:
        """Lines of all readings, as they are found."""
        view = memoryview(raw)
        try:
            for at in range(0, len(raw), _PIECE):
                self.parser.Parse(view[at : at + _PIECE], False)
                yield from self.out
                self.out.clear()
            self.parser.Parse(b"", True)
        except _RefusedError as error:
            raise ValueError(
                "a document type or entities, which are refused"
            ) from error
        except expat.ExpatError as error:
            raise ValueError(f"broken XML: {error}") from error
        except (LookupError, UnicodeError) as error:
            raise ValueError(f"broken XML: {error}") from error
        yield from self.out

    def _refuse(self, *_said: object) -> None:
        raise _RefusedError

    def _root(self, name: str, attributes: dict[str, str]) -> None:
        if local(name) not in self.roots:
            wanted = " or ".join(self.roots)
            raise ValueError(f"its root is {local(name)!r}, not {wanted}")
        self.resume()
        self._start(name, attributes)

    def resume(self) -> None:
        """Go on with the elements that `starts` and `ends` name."""
        start, end = _ByName(self.starts), _ByName(self.ends)

        def started(name: str, attributes: dict[str, str]) -> None:
            act = start[name]
            if act is not None:
                act(attributes)

        def ended(name: str) -> None:
            act = end[name]
            if act is not None:
                act()

        self._start, self._end = started, ended
        self.parser.StartElementHandler = started
        self.parser.EndElementHandler = ended

    def gather(self, _attributes: dict[str, str] | None = None) -> None:
        """Collect the text from here on."""
        self.text.clear()
        self.parser.CharacterDataHandler = self.text.append

    def gathered(self) -> str:
        """Text since `gather`, which ends here."""
        self.parser.CharacterDataHandler = None
        return "".join(self.text).strip()

    def subtree(
        self,
        name: str,
        attributes: dict[str, str],
        then: Callable[[Element], None],
    ) -> None:
        """Give ``then`` the element that starts here once it has ended."""
        tree, parser, depth = TreeBuilder(), self.parser, 0

        def start(name: str, attributes: dict[str, str]) -> None:
            nonlocal depth
            depth += 1
            tree.start(name, attributes)

        def end(name: str) -> None:
            nonlocal depth
            depth -= 1
            tree.end(name)
            if depth == 0:
                parser.CharacterDataHandler = None
                parser.StartElementHandler = self._start
                parser.EndElementHandler = self._end
                then(tree.close())

        parser.CharacterDataHandler = tree.data
        parser.StartElementHandler, parser.EndElementHandler = start, end
        start(name, attributes)


class _ByName(dict[str, Any]):
    """Looks a full name up by its local part, once."""

    def __init__(self, by_local: dict[str, Any]) -> None:
        super().__init__()
        self._by_local = by_local

    def __missing__(self, name: str) -> Any:
        found = self[name] = self._by_local.get(local(name))
        return found
