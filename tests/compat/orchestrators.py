"""Loads and runs a small project through the tools that orchestrate dbt, with Arrowmill as their dbt.

    python tests/compat/orchestrators.py target/debug/arrowmill

The tools are those that the Python at hand has; docs/orchestrators.md has the versions that were tried. Checked are
dagster-dbt (a manifest is prepared, and a build's stream gives materialisations and check results), astronomer-cosmos
(the graph by `dbt ls` and from the manifest, a DAG, a build by the operator) and dbt-artifacts-parser (every artifact).

Exit codes: 0 when all that is there works, 1 when something does not, 2 when there is nothing to try.
"""

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

FILES = {
    "dbt_project.yml": 'name: shop\nprofile: shop\nversion: "1.0"\n',
    "profiles.yml": "shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: $HERE/shop.duckdb, threads: 2}\n",
    "seeds/raw_orders.csv": "id,amount\n1,10\n2,20\n",
    "models/stg_orders.sql": "select id, amount from {{ ref('raw_orders') }}\n",
    "models/orders.sql": "{{ config(materialized='table') }}select id, amount from {{ ref('stg_orders') }}\n",
    "models/schema.yml": """\
models:
  - name: orders
    columns:
      - name: id
        data_tests: [unique, not_null]
      - name: amount
        data_tests:
          - accepted_values: {arguments: {values: [10]}, config: {severity: warn}}
""",
    "snapshots/orders_snap.yml": """\
snapshots:
  - name: orders_snap
    relation: ref('orders')
    config: {unique_key: id, strategy: check, check_cols: all}
""",
}
NAMES = {"raw_orders", "stg_orders", "orders", "orders_snap"}
CHECKS = {"unique_orders_id": True, "not_null_orders_id": True, "accepted_values_orders_amount__10": False}


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: orchestrators.py PATH_OF_ARROWMILL")
    binary = str(Path(sys.argv[1]).resolve())
    tried = failed = 0
    for tool, check in (("dagster_dbt", dagster), ("cosmos", cosmos), ("dbt_artifacts_parser", artifacts)):
        if importlib.util.find_spec(tool) is None:
            print(f"{tool}: not installed, not tried")
            continue
        tried += 1
        with tempfile.TemporaryDirectory() as folder:
            project = make_project(Path(folder) / "shop")
            try:
                print(f"{tool}: {check(binary, project)}")
            except Exception:
                failed += 1
                traceback.print_exc()
                print(f"{tool}: failed")
    sys.exit(2 if tried == 0 else int(failed > 0))


def make_project(folder):
    for path, text in FILES.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.replace("$HERE", str(folder)), encoding="utf-8")
    return folder


def expect(what, found, wanted):
    if found != wanted:
        raise AssertionError(f"{what}: found {found}, wanted {wanted}")


# ---- Dagster ----


def dagster(binary, folder):
    from dagster import AssetExecutionContext, materialize
    from dagster_dbt import DbtCliResource, DbtProject, dbt_assets

    project = DbtProject(project_dir=folder)
    dbt = DbtCliResource(project_dir=folder, dbt_executable=binary)
    dbt.cli(["parse"], target_path=project.target_path).wait()

    # Outside of an asset: plain events.
    events = list(dbt.cli(["build"], manifest=project.manifest_path).stream())
    made = {it.asset_key.path[-1] for it in events if type(it).__name__ == "AssetMaterialization"}
    asked = {it.check_name: it.passed for it in events if type(it).__name__ == "AssetCheckEvaluation"}
    expect("materialisations of a stream", made, NAMES)
    expect("checks of a stream", asked, CHECKS)

    # As assets, of which some are selected.
    @dbt_assets(manifest=project.manifest_path)
    def shop(context: AssetExecutionContext, dbt: DbtCliResource):
        yield from dbt.cli(["build"], context=context).stream()

    for selection, wanted in ((None, NAMES), (["orders"], {"orders"})):
        run = materialize([shop], resources={"dbt": dbt}, selection=selection)
        expect("success", run.success, True)
        made = {it.asset_key.path[-1] for it in run.get_asset_materialization_events()}
        asked = {it.check_name: it.passed for it in run.get_asset_check_evaluations()}
        expect(f"materialisations of {selection}", made, wanted)
        expect(f"checks of {selection}", asked, CHECKS)

    # A failure is an error with our words.
    (folder / "models/stg_orders.sql").write_text("select nope from {{ ref('raw_orders') }}\n", encoding="utf-8")
    broken = dbt.cli(["build"], manifest=project.manifest_path, raise_on_error=False).wait()
    expect("success of a broken project", broken.is_successful(), False)
    if "nope" not in str(broken.get_error()):
        raise AssertionError(f"the error does not say what is wrong: {broken.get_error()}")
    return "manifest, stream, assets, selection, checks and errors"


# ---- Cosmos ----


def cosmos(binary, folder):
    os.environ.setdefault("AIRFLOW_HOME", str(folder.parent / "airflow"))
    os.environ["AIRFLOW__COSMOS__ENABLE_CACHE"] = "False"
    os.environ["AIRFLOW__COSMOS__ENABLE_TELEMETRY"] = "False"
    import datetime

    from cosmos import DbtDag, ExecutionConfig, ProfileConfig, ProjectConfig, RenderConfig
    from cosmos.constants import ExecutionMode, InvocationMode, LoadMode
    from cosmos.dbt.graph import DbtGraph
    from cosmos.operators.local import DbtBuildLocalOperator

    subprocess.run([binary, "parse"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    profile = ProfileConfig(profile_name="shop", target_name="dev", profiles_yml_filepath=folder / "profiles.yml")
    execution = {"dbt_executable_path": binary, "invocation_mode": InvocationMode.SUBPROCESS}
    done = []
    for method in (LoadMode.DBT_LS, LoadMode.DBT_MANIFEST):
        is_ls = method == LoadMode.DBT_LS
        manifest = {} if is_ls else {"manifest_path": folder / "target/manifest.json", "project_name": "shop"}
        project = ProjectConfig(**(manifest or {"dbt_project_path": folder}))
        render = RenderConfig(
            load_method=method,
            dbt_executable_path=binary,
            dbt_deps=False,
            invocation_mode=InvocationMode.SUBPROCESS,
        )
        where = {} if is_ls else {"dbt_project_path": folder}
        how = ExecutionConfig(execution_mode=ExecutionMode.LOCAL, **execution, **where)
        graph = DbtGraph(project=project, render_config=render, execution_config=how, profile_config=profile)
        graph.load(method=method)
        found = {it.name for it in graph.nodes.values() if it.resource_type.value != "test"}
        expect(f"nodes by {method.value}", found, NAMES)
        expect(f"tests by {method.value}", sum(it.resource_type.value == "test" for it in graph.nodes.values()), 3)
        dag = DbtDag(
            dag_id=f"shop_{method.value}",
            project_config=project,
            render_config=render,
            execution_config=how,
            profile_config=profile,
            start_date=datetime.datetime(2026, 1, 1),
            schedule=None,
        )
        tasks = set(dag.task_ids)
        if not any(it.startswith("orders.run") or it == "orders_run" for it in tasks):
            raise AssertionError(f"no task runs `orders`: {tasks}")
        done.append(method.value)
    operator = DbtBuildLocalOperator(
        task_id="build",
        project_dir=str(folder),
        profile_config=profile,
        emit_datasets=False,
        log_format="json",
        **execution,
    )
    answer = operator.build_and_run_cmd(context={"run_id": "once"}, cmd_flags=[])
    expect("exit code of the operator", answer.exit_code, 0)
    expect("the run's summary", any("Done. PASS=6 WARN=1" in it for it in answer.full_output), True)
    return f"graph and DAG by {' and '.join(done)}, build by the operator"


# ---- Artifacts ----


def artifacts(binary, folder):
    from dbt_artifacts_parser import parser

    for command in (["build"], ["docs", "generate"]):
        subprocess.run([binary, *command], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    read = []
    for name in ("manifest", "run_results", "catalog", "sources"):
        file = folder / f"target/{name}.json"
        if file.exists():
            artifact = getattr(parser, f"parse_{name}")(json.loads(file.read_text(encoding="utf-8")))
            read.append(f"{name} as {type(artifact).__name__}")
    expect("how many artifacts there are", len(read) >= 3, True)
    return ", ".join(read)


if __name__ == "__main__":
    main()
