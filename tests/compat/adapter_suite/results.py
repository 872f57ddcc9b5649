"""What a command left below target/, as the objects that dbt's own `run_dbt` gives."""

import json
from types import SimpleNamespace

from dbt.artifacts.schemas.catalog import CatalogArtifact
from dbt.artifacts.schemas.manifest import WritableManifest
from dbt.artifacts.schemas.results import FreshnessStatus, NodeStatus, RunStatus, TestStatus
from dbt.contracts.graph.manifest import Manifest


class Results(list):
    """dbt's RunExecutionResult: a list that has its results as a field too."""

    def __init__(self, results, elapsed_time=0.0, args=None):
        super().__init__(results)
        self.elapsed_time, self.args = elapsed_time, args or {}

    @property
    def results(self):
        return list(self)


class Loose(SimpleNamespace):
    """A node that dbt's classes did not take: any attribute, and the methods of a mapping."""

    def __getitem__(self, key):
        return getattr(self, key)

    def get(self, key, default=None):
        return getattr(self, key, default)


def loose(value):
    if isinstance(value, dict):
        return Loose(**{str(key): loose(it) for key, it in value.items()})
    return [loose(it) for it in value] if isinstance(value, list) else value


def read_manifest(target):
    """The manifest as dbt's own class; its strictness is part of the test."""
    path = target / "manifest.json"
    if not path.exists():
        return None
    text = json.loads(path.read_text())
    return Manifest.from_writable_manifest(WritableManifest.upgrade_schema_version(text))


def read_catalog(target):
    text = json.loads((target / "catalog.json").read_text())
    return CatalogArtifact.from_dict(text)


def read_results(target):
    text = json.loads((target / "run_results.json").read_text())
    manifest_path = target / "manifest.json"
    manifest = json.loads(manifest_path.read_text()) if manifest_path.exists() else {}
    try:
        typed = read_manifest(target)
    except Exception as problem:  # the node's plain data do for most tests; the shim says what is wrong
        print(f"shim: dbt refuses manifest.json: {problem}")
        typed = None
    results = [result(it, manifest, typed) for it in text["results"]]
    return Results(results, text.get("elapsed_time", 0.0), text.get("args"))


def result(entry, manifest, typed):
    name = entry["unique_id"]
    node = None
    if typed is not None:
        node = typed.nodes.get(name) or typed.sources.get(name) or typed.unit_tests.get(name)
    if node is None:
        everything = {**manifest.get("nodes", {}), **manifest.get("sources", {}), **manifest.get("unit_tests", {})}
        node = loose(everything.get(name, {"unique_id": name, "name": name.split(".")[-1]}))
    for key in ("compiled_code", "compiled", "relation_name"):
        if entry.get(key) is not None:
            try:
                setattr(node, key, entry[key])
            except AttributeError:
                pass
    fields = {key: entry.get(key) for key in ("message", "failures", "execution_time", "adapter_response", "thread_id")}
    return Loose(node=node, unique_id=name, status=status(entry["status"]), timing=entry.get("timing"), **fields)


def status(text):
    for kind in (NodeStatus, RunStatus, TestStatus, FreshnessStatus):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
