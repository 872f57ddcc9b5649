"""How old sources are: `source freshness` of dbt with DuckDB and of Arrowmill, on one project.

    python freshness.py ARROWMILL FOLDER

Statuses, ages, criteria and exit codes must be the same, for each way of saying them.
"""

import json
import os
import pathlib
import subprocess
import sys

PROFILES = """
default:
  target: dev
  outputs:
    dev: {type: duckdb, path: shop.duckdb}
"""

SOURCES = """
version: 2
sources:
  - name: raw
    meta: {external_location: "data/{name}.csv"}
    config:
      freshness:
        warn_after: {count: 12, period: hour}
        error_after: {count: 1, period: day}
      loaded_at_field: "now()::timestamp - hours * interval 1 hour"
    tables:
      - name: fresh
      - name: late
      - name: stale
      - name: empty
        config: {loaded_at_field: "now()::timestamp - hours::bigint * interval 1 hour"}
      - name: filtered
        config:
          freshness: {filter: "hours > 30", error_after: {count: 2, period: day}}
      - name: warn_only
        config:
          freshness: {warn_after: {count: 1, period: minute}, error_after: null}
      - name: no_promise
        config: {freshness: null}
      - name: asked
        config:
          loaded_at_query: "select min(now()::timestamp - hours * interval 1 hour) from {{ this }}"
      - name: missing
      - name: no_such_column
        config: {loaded_at_field: nothing}
      - name: switched_off
        config: {enabled: false}
  - name: other
    meta: {external_location: "data/{name}.csv"}
    tables:
      - name: fresh
        config:
          loaded_at_field: "now() - hours * interval 1 hour"
          freshness: {error_after: {count: 10, period: hour}}
"""

HOURS = {
    "fresh": [3],
    "late": [14],
    "stale": [100],
    "empty": [],
    "filtered": [1, 40],
    "warn_only": [2],
    "no_promise": [1],
    "asked": [2, 20],
    "no_such_column": [1],
}

DBT = "import sys; from dbt.cli.main import cli; sys.argv[0] = 'dbt'; cli()"


def make(folder):
    (folder / "models").mkdir(parents=True)
    (folder / "data").mkdir()
    (folder / "profiles.yml").write_text(PROFILES)
    (folder / "dbt_project.yml").write_text("name: shop\nprofile: default\n")
    (folder / "models/sources.yml").write_text(SOURCES)
    (folder / "models/one.sql").write_text("select 1 as one\n")
    for name, hours in HOURS.items():
        (folder / f"data/{name}.csv").write_text("\n".join(["hours", *map(str, hours), ""]))


def run(command, folder, selection):
    arguments = [*command, "source", "freshness", "--profiles-dir", ".", *selection]
    environment = {**os.environ, "DO_NOT_TRACK": "1", "TZ": "UTC"}
    done = subprocess.run(arguments, cwd=folder, capture_output=True, text=True, env=environment)
    path = folder / "target/sources.json"
    if not path.exists():
        sys.exit(f"{arguments}\n{done.stdout}{done.stderr}")
    report = json.loads(path.read_text())
    path.unlink()
    found = {it["unique_id"]: it for it in report["results"]}
    # Each asks at its own moment.
    told = {
        name: (it["status"], it["criteria"], it["adapter_response"], round(it["max_loaded_at_time_ago_in_s"] / 60))
        for name, it in found.items()
    }
    keys = sorted({key for it in found.values() for key in it})
    return {"exit": done.returncode, "keys": keys, "head": sorted(report), "told": told}


def main():
    arrowmill, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    make(folder)
    for selection in ([], ["--select", "source:raw.late", "source:raw.warn_only"]):
        theirs = run([sys.executable, "-c", DBT], folder, selection)
        ours = run([arrowmill], folder, selection)
        if ours != theirs:
            sys.exit(f"{selection}\nhere:  {json.dumps(ours, indent=1)}\nthere: {json.dumps(theirs, indent=1)}")
    print("the same ages")


if __name__ == "__main__":
    main()
