"""Every base class of the suite that has tests, as a class of ours; those that need DuckDB's own expectations are in
`test_duckdb.py`. New releases of the suite bring their new tests with them."""

import importlib
from pathlib import Path

import dbt.tests.adapter
import test_duckdb

# Bases of bases: their tests need what only their subclasses bring.
ABSTRACT = {
    "BaseCachingTest",
    "BaseUtils",
    "BaseArrayUtils",
    "BaseDataTypeMacro",
    "BaseCurrentTimestamp",
    "StoreTestFailuresAsBase",
    "BaseContractSqlHeader",
    "BaseUDFs",
}
# Classes that are tests already, and not a base with an empty body below it.
READY = {"TestPrePostModelHooksUnderscores"}


def bases():
    root = Path(next(iter(dbt.tests.adapter.__path__)))
    for file in sorted(root.rglob("*.py")):
        # Most of its folders have no __init__.py, so that a walk over packages would miss them.
        path = file.relative_to(root).with_suffix("")
        module = importlib.import_module(".".join(["dbt.tests.adapter", *path.parts]))
        for name, cls in sorted(vars(module).items()):
            ours = isinstance(cls, type) and cls.__module__ == module.__name__
            if ours and name not in ABSTRACT and (name in READY or not name.startswith("Test")):
                if any(it.startswith("test") and callable(getattr(cls, it)) for it in dir(cls)):
                    yield path.parts[0], name, cls


DONE = {base for cls in vars(test_duckdb).values() if isinstance(cls, type) for base in cls.__mro__[1:]}
for folder, name, cls in bases():
    if cls not in DONE:
        title = f"Test_{folder}_{name}"
        globals()[title] = type(title, (cls,), {"__module__": __name__})
