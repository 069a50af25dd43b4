"""Which trials are meant: sums of products of equalities, an expression, a function."""

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from jaxsim.core.declared import nearest
from jaxsim.core.trials import Trials


ABSENT = "blank"  # what a trial without a value is taken to have
COMPARE: dict[type, Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
}


def chosen(trials: Trials, where: Any, include_blanks: bool) -> np.ndarray:
    """Which trials a condition names.

    Args:
        trials: of the session.
        where: `{"tier": "train", "stim_type": "clip"}` (all of them), a list of such
            (any of them), an expression over the columns ("tier == 'train' and trial >
            3"), or a function of a trial's row. A column without a value is "blank".
        include_blanks: blank trials too, those whose tier is absent or "blank".

    Raises:
        ValueError: an unknown column, or a condition that no trial meets.
    """
    rows = _rows(trials)
    test = _test(where, trials)
    try:
        found = np.array([bool(test(row)) for row in rows], bool)
    except ValueError as error:
        if "ambiguous" not in str(error):
            raise
        raise ValueError(
            f"where={where!r} compares a trial with an array, and gives no yes or no. "
            "For any of several values write an expression: "
            "\"tier in ['train', 'test']\"."
        ) from None
    if not found.any():
        raise ValueError(f"where={where!r}: no trial is like that. {_values(trials)}")
    if include_blanks:
        found |= np.array([row.get("tier", ABSENT) == ABSENT for row in rows], bool)
    return found


def _rows(trials: Trials) -> list[dict[str, Any]]:
    names = list(trials.columns)
    return [
        {n: ABSENT if v is None else v for n, v in zip(names, values, strict=True)}
        for values in zip(*trials.columns.values(), strict=True)
    ]


def _values(trials: Trials) -> str:
    told = []
    for name, column in trials.columns.items():
        different = list(dict.fromkeys(map(repr, column)))
        if len(different) <= 8:
            told.append(f"{name}: {', '.join(different)}")
    return "The trials have " + "; ".join(told) + "."


def _known(name: str, trials: Trials, where: Any) -> None:
    if name not in trials.columns and name != "tier":
        raise ValueError(
            f"where={where!r}: the trials have no '{name}'; they have "
            f"{', '.join(trials.columns)}.{nearest(name, trials.columns)}"
        )


def _test(where: Any, trials: Trials) -> Callable[[dict[str, Any]], Any]:
    if isinstance(where, str):
        return _expression(where, trials)
    if callable(where):
        return where
    many = isinstance(where, (list, tuple))
    products = list(where) if many else [where]
    for product in products:
        if not isinstance(product, Mapping):
            raise TypeError(
                f"where={where!r} must be a mapping of columns to values, a list of "
                "such, an expression, or a function of a trial's row."
            )
        for name in product:
            _known(name, trials, where)
    return lambda row: any(
        all(row.get(name, ABSENT) == value for name, value in product.items())
        for product in products
    )


def _expression(text: str, trials: Trials) -> Callable[[dict[str, Any]], Any]:
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise ValueError(f"where={text!r} is no expression: {error.msg}.") from None
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            _known(node.id, trials, text)

    def value(node: ast.AST, row: dict[str, Any]) -> Any:
        match node:
            case ast.Constant():
                return node.value
            case ast.Name():
                return row.get(node.id, ABSENT)
            case ast.Tuple() | ast.List():
                return [value(item, row) for item in node.elts]
            case ast.UnaryOp(op=ast.Not()):
                return not value(node.operand, row)
            case ast.BoolOp():
                parts = (value(item, row) for item in node.values)
                return all(parts) if isinstance(node.op, ast.And) else any(parts)
            case ast.Compare():
                left = value(node.left, row)
                for how, item in zip(node.ops, node.comparators, strict=True):
                    right = value(item, row)
                    if type(how) not in COMPARE:
                        break
                    if not COMPARE[type(how)](left, right):
                        return False
                    left = right
                else:
                    return True
        raise ValueError(
            f"where={text!r}: only columns, values, comparisons, in, and, or, not."
        )

    def test(row: dict[str, Any]) -> bool:
        try:
            return bool(value(tree, row))
        except TypeError as error:
            raise ValueError(f"where={text!r}: {error}.") from None

    return test
