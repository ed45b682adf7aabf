"""The house keeps its walls: imports point one way, edges stay thin, functions and modules stay small."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("channels", "routing", "storage", "worker")
OWNERS = {
    "asyncpg": {"storage"},
    "redis": {"storage"},
    "obstore": {"storage"},
    "aiohttp": {"worker"},
    "arq": {"worker"},
    "typer": {"worker"},
    "socket": {"worker"},
    "subprocess": {"worker"},
    "random": set(),
    "requests": set(),
}
PURE = ("channels", "routing")
CLOCK_AND_CHANCE = {"time", "uuid", "os", "asyncio", "socket", "pathlib"}


def modules(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


def imported(path: Path) -> set[str]:
    """First names of all that a module imports, wherever in it the import stands."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.split(".")[0])
    return found


def functions(path: Path) -> list[tuple[str, int]]:
    """Each function of a module with its length in lines, its docstring left out."""
    return [
        (f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", length(node))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = node.body[0]
    doc = (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    )
    lines = (node.end_lineno or 0) - node.lineno + 1
    return lines - ((first.end_lineno or 0) - first.lineno + 1 if doc else 0)


@pytest.mark.parametrize("room", ROOMS)
def test_imports_point_only_to_the_left(room: str) -> None:
    allowed = set(ROOMS[: ROOMS.index(room) + 1])
    wrong = {
        str(p.relative_to(ROOT)): bad for p in modules(room) if (bad := imported(p) & set(ROOMS) - allowed)
    }
    assert not wrong


@pytest.mark.parametrize("package", sorted(OWNERS))
def test_only_its_owner_knows_a_package(package: str) -> None:
    others = [room for room in ROOMS if room not in OWNERS[package]]
    assert not [str(p.relative_to(ROOT)) for room in others for p in modules(room) if package in imported(p)]


@pytest.mark.parametrize("room", PURE)
def test_the_pure_rooms_have_no_clock_no_chance_and_no_environment(room: str) -> None:
    allowed = {"channels/registry.py": {"pathlib"}}
    wrong = {}
    for path in modules(room):
        name = str(path.relative_to(ROOT))
        if bad := imported(path) & CLOCK_AND_CHANCE - allowed.get(name, set()):
            wrong[name] = bad
        if "datetime.now(" in path.read_text():
            wrong[name] = {"datetime.now"}
    assert not wrong


def test_functions_stay_under_forty_lines() -> None:
    assert not [
        (name, lines) for room in ROOMS for p in modules(room) for name, lines in functions(p) if lines > 40
    ]


def test_the_median_function_is_short() -> None:
    lengths = sorted(lines for room in ROOMS for p in modules(room) for _, lines in functions(p))
    assert lengths[len(lengths) // 2] <= 8


def test_modules_stay_under_250_lines() -> None:
    assert not [
        (str(p), n) for room in ROOMS for p in modules(room) if (n := len(p.read_text().splitlines())) > 250
    ]


def test_environment_is_read_in_the_settings_alone() -> None:
    readers = {"worker/settings.py", "worker/cli.py", "worker/up.py"}
    found = {
        str(p.relative_to(ROOT))
        for room in ROOMS
        for p in modules(room)
        if "os.environ" in p.read_text() or "getenv" in p.read_text()
    }
    assert found <= readers | {n for n in found if n.startswith(("worker/cli/", "worker/embedded/"))}
