"""README tables of a module, laid out as terraform-docs does, between the markers that people already have.

Promise: `render` depends on the interface alone; `replace` touches nothing outside the markers and is
idempotent. Markdown is written the way GitHub reads it: pipes escaped, line breaks as `<br/>`.
"""

import json
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal

from pipeline.domain.interface.elements import Interface, Mode, ModuleCall, Resource, Variable
from pipeline.domain.interface.syntax import Expression, Fields, Items, Literal, Operation
from pipeline.errors import UsageError

BEGIN = "<!-- BEGIN_TF_DOCS -->"
END = "<!-- END_TF_DOCS -->"
REGISTRY = "https://registry.terraform.io"
BUILT_IN = "terraform"


def render(interface: Interface) -> str:
    """The six tables as Markdown, without markers, without a line break at the end."""
    sections = (
        ("Requirements", _requirements(interface)),
        ("Providers", _providers(interface)),
        ("Modules", _modules(interface)),
        ("Resources", _resources(interface)),
        ("Inputs", _inputs(interface)),
        ("Outputs", _outputs(interface)),
    )
    return "\n\n".join(f"## {title}\n\n{body}" for title, body in sections)


def has_markers(readme: str) -> bool:
    """Whether a README asks for tables."""
    return BEGIN in readme and END in readme.partition(BEGIN)[2]


def replace(readme: str, tables: str) -> str:
    """The README with `tables` between its markers; raises UsageError where the markers are missing."""
    if not has_markers(readme):
        raise UsageError(
            "The README has no place for the tables.", remedy=f"add the lines {BEGIN} and {END} where they belong"
        )
    before, _, rest = readme.partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n{tables}\n{END}{after}"


def is_current(readme: str, tables: str) -> bool:
    """Whether the tables in the README are these."""
    return replace(readme, tables) == readme


def _table(head: Sequence[tuple[str, str]], rows: Iterable[Sequence[str]], kind: str) -> str:
    body = [f"| {' | '.join(row)} |" for row in rows]
    if not body:
        return f"No {kind}."
    lines = [f"| {' | '.join(name for name, _ in head)} |", f"|{'|'.join(rule for _, rule in head)}|"]
    return "\n".join(lines + body)


def _anchor(section: str, name: str) -> str:
    return f'<a name="{section}_{name}"></a> [{_escape(name)}](#{section}\\_{_escape(name)})'


def _escape(text: str) -> str:
    return text.replace("_", r"\_").replace("|", r"\|").replace("*", r"\*")


def _cell(text: str) -> str:
    """Free text in a table: line breaks as GitHub shows them, pipes escaped."""
    return re.sub(r"\s*\n\s*", "<br/>", text.strip()).replace("|", r"\|") or "n/a"


def _version(constraint: str) -> str:
    return constraint.replace("|", r"\|") or "n/a"


def _requirements(interface: Interface) -> str:
    rows = [(_anchor("requirement", "terraform"), _version(interface.required_version))]
    rows = rows if interface.required_version else []
    named = sorted(interface.requirements.values(), key=lambda found: found.name)
    rows += [(_anchor("requirement", found.name), _version(found.constraint)) for found in named]
    return _table([("Name", "------"), ("Version", "---------")], rows, "requirements")


def _providers(interface: Interface) -> str:
    used = {_provider_of(resource) for resource in interface.resources.values()} - {BUILT_IN}
    rows = []
    for name in sorted(used):
        local, _, alias = name.partition(".")
        found = interface.requirements.get(local)
        label = f"{local}.{alias}" if alias else local
        rows.append((_anchor("provider", label), _version(found.constraint if found else "")))
    return _table([("Name", "------"), ("Version", "---------")], rows, "providers")


def _provider_of(resource: Resource) -> str:
    return resource.provider or resource.type.partition("_")[0]


def _modules(interface: Interface) -> str:
    def row(call: ModuleCall) -> tuple[str, str, str]:
        return _anchor("module", call.name), call.source or "n/a", call.version or "n/a"

    rows = [row(call) for _, call in sorted(interface.modules.items())]
    return _table([("Name", "------"), ("Source", "--------"), ("Version", "---------")], rows, "modules")


def _resources(interface: Interface) -> str:
    def row(resource: Resource) -> tuple[str, str]:
        kind = {Mode.MANAGED: "resource", Mode.DATA: "data source", Mode.EPHEMERAL: "ephemeral resource"}
        name = f"{resource.type}.{resource.name}"
        link = _link(interface, resource)
        shown = _escape(name)
        return f"[{shown}]({link})" if link else shown, kind[resource.mode]

    ordered = sorted(interface.resources.values(), key=lambda r: (r.type, r.name, r.mode.value))
    return _table([("Name", "------"), ("Type", "------")], [row(resource) for resource in ordered], "resources")


def _link(interface: Interface, resource: Resource) -> str:
    """The page of the resource in the registry; none for a provider from elsewhere."""
    local = _provider_of(resource).partition(".")[0]
    required = interface.requirements.get(local)
    source = (required.address if required else f"hashicorp/{local}").removeprefix("registry.terraform.io/")
    if source.count("/") != 1 or local == BUILT_IN:
        return ""
    folder = {Mode.MANAGED: "resources", Mode.DATA: "data-sources", Mode.EPHEMERAL: "ephemeral-resources"}
    page = resource.type.partition("_")[2]
    return f"{REGISTRY}/providers/{source}/latest/docs/{folder[resource.mode]}/{page}"


def _inputs(interface: Interface) -> str:
    def row(variable: Variable) -> tuple[str, str, str, str, str]:
        return (
            _anchor("input", variable.name),
            _cell(variable.description),
            _code(_outdented(variable.type_text) or "any"),
            "n/a" if variable.default is None else _code(_default(variable.default, variable.default_text)),
            "yes" if variable.required else "no",
        )

    head = [
        ("Name", "------"),
        ("Description", "-------------"),
        ("Type", "------"),
        ("Default", "---------"),
        ("Required", ":--------:"),
    ]
    return _table(head, [row(variable) for _, variable in sorted(interface.variables.items())], "inputs")


def _outputs(interface: Interface) -> str:
    rows = [
        (_anchor("output", output.name), _cell(output.description)) for _, output in sorted(interface.outputs.items())
    ]
    return _table([("Name", "------"), ("Description", "-------------")], rows, "outputs")


def _code(text: str) -> str:
    """Code in a cell: one line in backticks, several in `<pre>`."""
    if "\n" in text:
        safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("|", "&#124;")
        return f"<pre>{safe.replace(chr(10), '<br/>')}</pre>"
    return f"`{text.replace('|', chr(92) + '|')}`"


def _outdented(text: str) -> str:
    """A type as written, its closing line at the margin."""
    lines = text.split("\n")
    if len(lines) == 1:
        return text
    margin = min((len(line) - len(line.lstrip()) for line in lines[1:] if line.strip()), default=0)
    return "\n".join([lines[0], *(line[margin:].rstrip() for line in lines[1:])])


def _default(expression: Expression, text: str) -> str:
    """A default as JSON, as terraform-docs prints it; what is no constant stays as written."""
    try:
        value = plain_value(expression)
    except ValueError:
        return " ".join(text.split())
    return json.dumps(value, indent=2, ensure_ascii=False) if value else json.dumps(value, ensure_ascii=False)


def plain_value(expression: Expression) -> object:
    """A constant as JSON knows it (numbers as int or float); raises ValueError for anything else."""
    match expression:
        case Literal(Decimal() as number):
            return int(number) if number == int(number) else float(number)
        case Literal(value):
            return value
        case Items(items):
            return [plain_value(item) for item in items]
        case Fields(fields):
            pairs = [(key.value, plain_value(value)) for key, value in fields if isinstance(key, Literal)]
            if len(pairs) == len(fields):
                return {str(key): value for key, value in sorted(pairs, key=lambda pair: str(pair[0]))}
        case Operation("-", (Literal(Decimal() as number),)):
            return plain_value(Literal(-number))
        case _:
            pass
    raise ValueError("not a constant")
