"""Prints, for each file named on standard input, the counts that Python's own parser finds in it."""
import ast
import sys
import warnings

warnings.simplefilter("ignore")
KINDS = {
    ast.Call: "calls", ast.Await: "awaits", ast.Name: "names", ast.Attribute: "attributes",
    ast.Subscript: "subscripts", ast.Yield: "yields", ast.YieldFrom: "yield_froms", ast.Lambda: "lambdas",
    ast.ListComp: "comprehensions", ast.SetComp: "comprehensions", ast.DictComp: "comprehensions",
    ast.GeneratorExp: "comprehensions", ast.BoolOp: "bool_ops", ast.Compare: "compares", ast.BinOp: "binaries",
    ast.IfExp: "conditionals", ast.NamedExpr: "walruses", ast.Dict: "dicts", ast.Set: "sets", ast.List: "lists",
    ast.Tuple: "tuples",
    ast.JoinedStr: "f_strings", ast.Slice: "slices",
    ast.FunctionDef: "functions", ast.AsyncFunctionDef: "async_functions", ast.ClassDef: "classes",
    ast.alias: "imports", ast.Return: "returns", ast.Assign: "assigns", ast.AugAssign: "aug_assigns",
    ast.AnnAssign: "ann_assigns", ast.If: "ifs", ast.For: "fors", ast.AsyncFor: "fors", ast.While: "whiles",
    ast.Try: "tries", ast.With: "withs", ast.AsyncWith: "withs", ast.withitem: "with_items",
    ast.ExceptHandler: "handlers", ast.Raise: "raises", ast.Delete: "deletes", ast.Assert: "asserts",
    ast.Expr: "expression_statements", ast.Pass: "passes", ast.arg: "params", ast.keyword: "keywords",
    ast.Match: "matches", ast.match_case: "cases", ast.Global: "globals", ast.Nonlocal: "nonlocals",
}
for optional in ("TryStar", "TypeAlias"):
    if hasattr(ast, optional):
        KINDS[getattr(ast, optional)] = {"TryStar": "tries", "TypeAlias": "type_aliases"}[optional]


def inside_format(tree):
    """Strings that a format specification is made of, which are no f-strings of the text."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FormattedValue) and node.format_spec is not None:
            yield id(node.format_spec)


def bounds(tree):
    """The type parameters' defaults, which the facts leave out."""
    for node in ast.walk(tree):
        default = getattr(node, "default_value", None)
        if default is not None:
            yield from map(id, ast.walk(default))
        if type(node).__name__ == "TypeAlias":
            yield id(node.name)
            for param in node.type_params:
                if getattr(param, "bound", None) is not None:
                    yield from map(id, ast.walk(param.bound))


for path in sys.stdin.read().splitlines():
    try:
        with open(path, "rb") as file:
            tree = ast.parse(file.read())
    except (SyntaxError, ValueError, RecursionError):
        print(path, "-", sep="\t")
        continue
    skipped = {*inside_format(tree), *bounds(tree)}
    counts = {}
    for node in ast.walk(tree):
        kind = KINDS.get(type(node))
        if kind is not None and id(node) not in skipped:
            counts[kind] = counts.get(kind, 0) + 1
    print(path, " ".join(f"{kind}={count}" for kind, count in sorted(counts.items())), sep="\t")
