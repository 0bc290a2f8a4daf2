"""The page's own modules as one script: a browser then waits for one file, not for dozens, six at a time.

Each module becomes a function that runs once and returns its exports. The modules keep to the few forms of
``import`` and ``export`` that are read here, so this needs no parser, and the page needs no build.
"""

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter

_IMPORT = re.compile(r'import \{ (\w+(?:, \w+)*) \} from "(\.\./\w+/\w+\.js|\./\w+\.js)";')
_EXPORT = re.compile(r"export (?:async function|function|class|const) (\w+)")
_OTHER = re.compile(r"(?:import|export)\b")
_FORMS = (
    'import { one, other } from "../folder/module.js"; on one line, '
    "and export before const, function, async function or class"
)


@dataclass(frozen=True, slots=True)
class _Module:
    """``imports``: names by the path of their module. ``body``: the other lines, without the word export."""

    imports: Mapping[str, Sequence[str]]
    exports: Sequence[str]
    body: str


def joined(texts: Mapping[str, str], libraries: str) -> str:
    """The script of all modules, by their path such as ``app/main.js``.

    ``libraries``: the path of the module that stays a file of its own.

    Raises:
        ValueError: a line has another form of import or export, a name is not exported where it is imported
            from, or modules import each other in a circle.
    """
    modules = {name: _read(name, text) for name, text in texts.items()}
    used = sorted({one for module in modules.values() for one in module.imports.get(libraries, ())})
    graph = {name: sorted(module.imports.keys() - {libraries}) for name, module in modules.items()}
    for name, sources in graph.items():
        for source in sources:
            _check(name, modules[name].imports[source], source, modules)
    functions = [
        _function(name, modules[name], graph[name]) for name in TopologicalSorter(graph).static_order()
    ]
    return f'import {{ {", ".join(used)} }} from "../{libraries}";\n{"".join(functions)}'


def _read(name: str, text: str) -> _Module:
    imports: dict[str, list[str]] = {}
    exports, body = [], []
    for line in text.split("\n"):
        if found := _IMPORT.fullmatch(line):
            source = posixpath.normpath(posixpath.join(posixpath.dirname(name), found[2]))
            imports.setdefault(source, []).extend(found[1].split(", "))
        elif found := _EXPORT.match(line):
            exports.append(found[1])
            body.append(line.removeprefix("export "))
        elif _OTHER.match(line):
            raise ValueError(f"{name} has the line {line!r}: write {_FORMS}.")
        else:
            body.append(line)
    return _Module(imports, exports, "\n".join(body))


def _check(name: str, names: Sequence[str], source: str, modules: Mapping[str, _Module]) -> None:
    known = modules[source].exports if source in modules else ()
    if missing := sorted(set(names) - set(known)):
        raise ValueError(f"{name} imports {', '.join(missing)}, which {source} does not export.")


def _function(name: str, module: _Module, sources: Sequence[str]) -> str:
    imports = "".join(
        f"const {{ {', '.join(module.imports[source])} }} = {_variable(source)};\n" for source in sources
    )
    body = f"{imports}{module.body.rstrip()}\nreturn {{ {', '.join(module.exports)} }};"
    return f"const {_variable(name)} = (() => {{\n{body}\n}})();\n"


def _variable(name: str) -> str:
    """No name in a module begins with this sign."""
    return "$" + name.removesuffix(".js").replace("/", "_")
