"""TOML documents of every shape, written down together with the line of each thing in them."""

from hypothesis import strategies as st

from overnight.agents.launchers.toml_lines import Path

SCALARS = ["1", "-0.5", "1_000", "true", "2026-11-28", "2026-11-28 02:30:00Z", "02:30:00", "inf", '""', "''"]
STRINGS = [
    '"a]b # [no]"',
    "'{\\'",
    '"say \\"x\\" = 1"',
    '"\\\\"',
    "'a = [1,'",
    '"""one"""',
    '""""two quotes"""""',
    "'''it's'''",
]
LONG = [
    '"""\n[run.no]\nkey = 1\n"""',
    "'''\n# no\n''''",
    '"""\\"""\n]"""""',
    '"""a\\\n   b, c}"""',
    "'''\\\n'''",
    '"""\n\n\n"""',
]
PARTS = {
    "run": "run",
    "a-b": "a-b",
    "'a.b'": "a.b",
    '"x # y"': "x # y",
    '"\\u0041 ]"': "A ]",
    '""': "",
    "'\"'": '"',
    "07": "07",
}
BLANKS = ["", "# [run.no]", "   # = {", "\t"]


class Document:
    """A text that grows, and where everything stands in it."""

    def __init__(self) -> None:
        self.text = ""
        self.lines: dict[Path, int] = {}
        self._names = 0

    def put(self, text: str) -> None:
        self.text += text

    def see(self, path: Path) -> None:
        self.lines.setdefault(path, self.text.count("\n") + 1)

    def new_key(self, part: str, table: Path) -> Path:
        """Write a dotted key that there is not yet: part.k1"""
        self._names += 1
        path = (*table, PARTS[part], f"k{self._names}")
        self.see(path[:-1])
        self.see(path)
        self.put(f"{part} . k{self._names}" if self._names % 2 else f"{part}.k{self._names}")
        return path


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """Valid ones."""
    document = Document()
    table: Path = ()
    for _ in range(draw(st.integers(0, 8))):
        match draw(st.sampled_from(["blank", "header", "pair", "pair"])):
            case "blank":
                document.put(draw(st.sampled_from(BLANKS)))
            case "header":
                document.put(draw(st.sampled_from(["[", "  [ "])))
                # Below one of its own, so that no pair has made that table already.
                document.see(("t",))
                document.put("t.")
                table = document.new_key(draw(st.sampled_from(list(PARTS))), ("t",))
                document.put(draw(st.sampled_from(["]", " ] # ] x = 1"])))
            case _:
                _pair(draw, document, table, 3)
                document.put(draw(st.sampled_from(["", " ", " # , ["])))
        document.put("\n")
    return document


def _pair(draw: st.DrawFn, document: Document, table: Path, depth: int) -> None:
    path = document.new_key(draw(st.sampled_from(list(PARTS))), table)
    document.put(draw(st.sampled_from(["=", " = ", "\t=\t"])))
    _value(draw, document, path, depth)


def _value(draw: st.DrawFn, document: Document, path: Path, depth: int) -> None:
    match draw(st.sampled_from(["scalar", "string", "long", "list", "table"] if depth else ["scalar", "string"])):
        case "scalar":
            document.put(draw(st.sampled_from(SCALARS)))
        case "string":
            document.put(draw(st.sampled_from(STRINGS)))
        case "long":
            document.put(draw(st.sampled_from(LONG)))
        case "list":
            document.put("[")
            for index in range(draw(st.integers(0, 3))):
                document.put(draw(st.sampled_from(["", " ", "\n", "# ]\n \n"])))
                document.see((*path, index))
                _value(draw, document, (*path, index), depth - 1)
                document.put(draw(st.sampled_from([",", " ,", "\n, "])))
            document.put("]")
        case _:
            document.put("{")
            for index in range(draw(st.integers(0, 3))):
                document.put(", " if index else " ")
                _pair(draw, document, path, depth - 1)
            document.put("}")
