"""Runs dbt-tests-adapter against the binary in ARROWMILL_BIN; README.md says how."""

import json
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, os.path.dirname(__file__))

import shim
from not_applicable import reason_for
from warehouse import Warehouse

# Without a binary, dbt-duckdb itself runs the suite: what fails there says nothing about Arrowmill.
if shim.BINARY:
    shim.replace()
pytest_plugins = ["dbt.tests.fixtures.project"]
DATABASE = "dbt"


@pytest.fixture(scope="class")
def dbt_profile_target(tmpdir_factory, profiles_root):
    folder = Path(str(tmpdir_factory.mktemp("warehouse")))
    shim.current = Warehouse(shim.BINARY, folder / "tables", DATABASE, profiles_root, folder / "runner")
    target = {"type": "duckdb", "path": str(folder / f"{DATABASE}.duckdb"), "threads": 4}
    return {**target, "warehouse": str(folder / "tables")} if shim.BINARY else target


@pytest.fixture(scope="class")
def test_data_dir(tmp_path_factory):
    """The suite wants a file for each of two tables that have the same columns."""
    folder = tmp_path_factory.mktemp("data")
    text = (Path(__file__).parent / "data" / "hook_table.sql").read_text()
    for name in ("model", "run"):
        (folder / f"seed_{name}.sql").write_text(text.replace("{{table}}", f"on_{name}_hook"))
    return folder


def pytest_collection_modifyitems(items):
    for item in items:
        if item.cls and (reason := reason_for(item.cls, item.name.split("[")[0])):
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Writes one line of JSON for each test to the file that ARROWMILL_REPORT names."""
    report = (yield).get_result()
    path = os.environ.get("ARROWMILL_REPORT")
    if not path or (report.when != "call" and report.outcome == "passed") or report.when == "teardown":
        return
    line = {"test": f"{item.cls.__name__}.{item.name}", "outcome": report.outcome}
    if report.outcome == "skipped":
        line["why"] = str(report.longrepr[2])
    elif report.outcome == "failed":
        line["why"] = str(call.excinfo.value)
        line["output"] = "".join(text for name, text in report.sections if "stdout" in name)
    with open(path, "a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
