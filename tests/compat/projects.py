"""Runs other people's dbt projects with dbt-duckdb and with Arrowmill, and says where the two disagree.

    python tests/compat/projects.py ~/src/jaffle_shop_duckdb --python oracle/bin/python
    python tests/compat/projects.py ~/src/dbt-utils/integration_tests --commands seed,run,test --packages ~/src

Each argument is the folder of a dbt project in a checkout that you have: their code is never committed here. It is
copied, together with the packages that it takes from beside itself (`local: ../`), and the copy gets a profiles.yml of
ours with the targets `duckdb` and `datafusion`, the same schema in both. Nothing else of it is changed, but that a
package of the hub becomes a `local:` one: the folder in `--packages` whose dbt_project.yml has the package's name.

dbt then runs the commands in two copies, Arrowmill in a third. Compared are the status of every node, how many rows
fail each failing test, and the relations: their names, columns, kinds of types, and rows, as multisets and with numbers
that are not whole rounded to nine significant digits. What the two runs of dbt disagree about themselves (the time of
loading, say) is said and not compared.

Exit codes: 0 when all projects agree, 1 when one differs, 2 when dbt itself has nothing to compare with. `--python` is
one that has duckdb, dbt-core and dbt-duckdb; this script needs none of them.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
# What earlier runs have left in a checkout is none of its code.
LEFT_OUT = (".git", "target", "dbt_packages", "dbt_modules", "logs", "*.duckdb", "*.duckdb.wal", ".venv", ".user.yml")
DBT = ["-c", "from dbt.cli.main import cli; cli()"]
FIRST_LINES = 30


def main():
    options = parse_arguments()
    work = Path(options.work or tempfile.mkdtemp(prefix="arrowmill-compat-")).resolve()
    reports = []
    for project in options.projects:
        reports.append(compare_project(project.resolve(), work, options))
        print_report(reports[-1], options.differences)
    print_verdicts(reports)
    if options.json:
        options.json.write_text(json.dumps(reports, indent=2) + "\n", encoding="utf-8")
    if not options.work:
        shutil.rmtree(work)
    verdicts = {it["verdict"] for it in reports}
    sys.exit(1 if "differs" in verdicts else 2 if "dbt fails" in verdicts else 0)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("projects", type=Path, nargs="+", help="folders with a dbt_project.yml")
    binary = str(ROOT / "target/release/arrowmill")
    parser.add_argument("--arrowmill", default=binary, help="[target/release/arrowmill]")
    python = os.environ.get("ARROWMILL_TEST_PYTHON", sys.executable)
    parser.add_argument("--python", default=python, help="has duckdb and dbt [$ARROWMILL_TEST_PYTHON]")
    parser.add_argument("--packages", type=Path, help="folder with checkouts of the hub's packages")
    parser.add_argument("--commands", default="build", help="what to run, as seed,run,test [build]")
    parser.add_argument("--vars", help="variables for both, as YAML")
    parser.add_argument("--schema", default="main", help="the targets' schema [main]")
    parser.add_argument("--target", default="datafusion", help="of Arrowmill: datafusion or duckdb [datafusion]")
    parser.add_argument("--threads", type=int, default=2, help="[2]")
    parser.add_argument("--timeout", type=int, default=900, help="seconds for each command [900]")
    parser.add_argument("--keep-going", action="store_true", help="Arrowmill goes on where dbt does")
    parser.add_argument("--once", action="store_true", help="run dbt once: what depends on the time differs")
    parser.add_argument("--differences", type=int, default=40, help="how many to print of each project [40]")
    parser.add_argument("--json", type=Path, help="file for everything that was found")
    parser.add_argument("--work", help="folder to work in, kept afterwards [a temporary one]")
    options = parser.parse_args()
    options.arrowmill = str(Path(options.arrowmill).resolve())
    for project in options.projects:
        if not (project / "dbt_project.yml").is_file():
            parser.error(f"{project} has no dbt_project.yml")
    return options


# ---- one project ----


def compare_project(project, work, options):
    """Both sides' runs and all differences, ready for JSON."""
    folder = work / "_".join(project.parts[-2:])
    report = {"project": str(project), "name": project_key(project, "name"), "differences": [], "not_compared": []}
    first, error = run_dbt(project, folder / "dbt", options)
    if error:
        return {**report, "dbt": shown(first), "verdict": "dbt fails", "differences": [error]}
    second = first if options.once else run_dbt(project, folder / "dbt-again", options)[0]
    ours = run_arrowmill(project, folder / "arrowmill", options)
    report["dbt"], report["arrowmill"] = shown(first), shown(ours)
    unsteady = {it for it in first["results"] if first["results"][it] != second["results"].get(it)}
    report["not_compared"] += [f"{it}: dbt's own runs disagree" for it in sorted(unsteady)]
    report["differences"] += differing_results(first["results"], ours["results"], unsteady)
    relations = compare_relations(first, second, ours, options)
    report["relations"] = relations["counts"]
    report["differences"] += relations["differences"]
    report["not_compared"] += relations["not_compared"]
    report["counts"] = count_results(first["results"], ours["results"])
    report["verdict"] = "differs" if report["differences"] else "same"
    return report


def run_dbt(project, folder, options):
    """What dbt did, and in a word what kept it from doing anything at all."""
    copy = copy_project(project, folder, options)
    dbt = [options.python, *DBT]
    if has_packages(copy):
        deps = run([*dbt, "deps", "--profiles-dir", ".", "--target", "duckdb", "--no-use-colors"], copy, options)
        if deps["exit"] != 0:
            stopped = {"deps": deps["output"]}
            return {**deps, "stopped": stopped, "results": {}, "messages": {}}, "dbt deps fails"
    after = ["--profiles-dir", ".", "--target", "duckdb", "--target-path", "target", "--no-use-colors"]
    done = run_commands(dbt, after, copy, options)
    return done, None if done["results"] else "dbt runs nothing"


def run_arrowmill(project, folder, options):
    copy = copy_project(project, folder, options)
    if has_packages(copy):
        # Installing is not the question here: the packages come as dbt has installed them.
        deps = ["deps", "--profiles-dir", ".", "--target", "duckdb", "--no-use-colors"]
        run([options.python, *DBT, *deps], copy, options)
    after = ["--profiles-dir", ".", "--target", options.target, "--target-path", "target", "--no-use-colors"]
    if options.keep_going:
        after.append("--keep-going")
    return run_commands([options.arrowmill], after, copy, options)


def run_commands(program, after, copy, options):
    """Runs all commands, and gathers what each says of its nodes."""
    if options.vars:
        after = [*after, "--vars", options.vars]
    whole = {"folder": str(copy), "exit": 0, "seconds": 0.0, "stopped": {}, "results": {}, "messages": {}}
    artifact = copy / "target/run_results.json"
    for command in options.commands.split(","):
        artifact.unlink(missing_ok=True)
        done = run([*program, command, *after], copy, options)
        whole["exit"] = max(whole["exit"], done["exit"])
        whole["seconds"] = round(whole["seconds"] + done["seconds"], 2)
        if not artifact.exists():
            whole["stopped"][command] = done["output"]
        else:
            results = json.loads(artifact.read_text(encoding="utf-8"))["results"]
            # An exposure is nothing to run; dbt lists it all the same.
            results = [it for it in results if it["status"] != "no-op"]
            whole["results"].update({it["unique_id"]: verdict_of(it) for it in results})
            bad = [it for it in results if it["status"] in ("error", "fail", "runtime error")]
            whole["messages"].update({it["unique_id"]: it["message"] for it in bad})
    return whole


def verdict_of(result):
    status = result["status"]
    return f"{status} {result['failures']}" if status in ("fail", "warn") else status


def run(command, folder, options):
    environment = {**os.environ, "DO_NOT_TRACK": "1", "NO_COLOR": "1", "TZ": "UTC"}
    for name in ("DBT_PROFILES_DIR", "DBT_PROJECT_DIR", "DBT_TARGET", "DBT_PROFILE", "DBT_TARGET_PATH"):
        environment.pop(name, None)
    started = time.perf_counter()
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace", timeout=options.timeout,
        )
        code, output = done.returncode, done.stdout
    except subprocess.TimeoutExpired as late:
        code, output = 124, f"{late.stdout or ''}\nended after {options.timeout} seconds"
    return {"exit": code, "seconds": time.perf_counter() - started, "output": output.splitlines()}


def shown(side):
    return {key: side[key] for key in ("exit", "seconds", "stopped", "results", "messages")}


# ---- the copy ----


def copy_project(project, folder, options):
    """A copy of the project, and of what it takes from beside itself; where in it the project is."""
    shutil.rmtree(folder, ignore_errors=True)
    beside = [project, *(it for it in local_packages(project) if it.is_dir())]
    root = Path(os.path.commonpath(beside))
    shutil.copytree(root, folder / "checkout", ignore=shutil.ignore_patterns(*LEFT_OUT), symlinks=True)
    copy = folder / "checkout" / project.relative_to(root)
    if options.packages:
        put_in_packages(copy, folder / "packages", options.packages.resolve(), set())
    (copy / "profiles.yml").write_text(profiles(copy, options), encoding="utf-8")
    return copy


def profiles(copy, options):
    """Both targets. The database is called the same in both, so that names agree which have three parts."""
    return f"""{project_key(copy, "profile") or "default"}:
  target: {options.target}
  outputs:
    duckdb:
      type: duckdb
      path: warehouse.duckdb
      schema: {options.schema}
      threads: {options.threads}
      warehouse: warehouse
    datafusion:
      type: datafusion
      warehouse: warehouse
      database: warehouse
      schema: {options.schema}
      threads: {options.threads}
"""


def project_key(project, key):
    """A value of dbt_project.yml's top level, by the look of its line: no YAML parser is needed for that."""
    text = (project / "dbt_project.yml").read_text(encoding="utf-8")
    found = re.search(rf"^{key}:\s*[\"']?([^\"'#\n]+?)[\"']?\s*(?:#.*)?$", text, re.MULTILINE)
    return found.group(1) if found else None


def package_files(project):
    return [it for it in (project / "packages.yml", project / "dependencies.yml") if it.is_file()]


def has_packages(project):
    entry = re.compile(r"^\s*-\s*(package|local|git|tarball):", re.MULTILINE)
    return any(entry.search(it.read_text(encoding="utf-8")) for it in package_files(project))


def local_packages(project):
    """Folders of `local:` packages, and of those that these take."""
    entry, folders = re.compile(r"^\s*-\s*local:\s*[\"']?([^\"'#\n]+?)[\"']?\s*$", re.MULTILINE), []
    for file in package_files(project):
        for path in entry.findall(file.read_text(encoding="utf-8")):
            folder = (project / path).resolve()
            if folder not in (project, *folders):
                folders += [folder, *(it for it in local_packages(folder) if it != project)]
    return folders


def put_in_packages(project, folder, packages, done):
    """Makes packages of the hub local ones, in the project and in all packages that it takes."""
    done.add(project)
    (project / "package-lock.yml").unlink(missing_ok=True)
    for file in package_files(project):
        text = file.read_text(encoding="utf-8")
        file.write_text(localized(text, folder, packages), encoding="utf-8")
    for package in local_packages(project):
        if package.is_dir() and package not in done:
            put_in_packages(package, folder, packages, done)


def localized(text, folder, packages):
    """The entries of packages.yml, with `local:` for each `package:` and `git:` that `packages` has."""
    lines, depth = [], None
    for line in text.splitlines():
        indent = len(line) - len(line.lstrip())
        if depth is not None and line.strip() and indent > depth and not line.lstrip().startswith("-"):
            continue
        depth = None
        found = re.match(r"^(\s*-\s*)(?:package|git):\s*[\"']?([^\"'\s]+?)(?:\.git)?[\"']?\s*(?:#.*)?$", line)
        source = found and find_package(packages, found.group(2).rpartition("/")[2])
        if source:
            name = project_key(source, "name")
            if not (folder / name).exists():
                shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns(*LEFT_OUT), symlinks=True)
            line, depth = f"{found.group(1)}local: {folder / name}", indent
        lines.append(line)
    return "\n".join(lines) + "\n"


def find_package(packages, name):
    names = {project_key(it.parent, "name"): it.parent for it in sorted(packages.glob("*/dbt_project.yml"))}
    return names.get(name) or names.get(name.replace("-", "_"))


# ---- what was run ----


def differing_results(theirs, ours, unsteady):
    differences = []
    for unique_id in sorted(theirs.keys() & ours.keys() - unsteady):
        if ours[unique_id] != theirs[unique_id]:
            differences.append(f"{unique_id}: Arrowmill says {ours[unique_id]}, dbt {theirs[unique_id]}")
    return [*differences, *only_in("dbt", theirs, ours), *only_in("Arrowmill", ours, theirs)]


def only_in(who, results, others):
    """One line for each type of node: where one side did not begin, this is everything."""
    lines = []
    for kind in sorted({it.partition(".")[0] for it in results}):
        only = sorted(it for it in results.keys() - others.keys() if it.startswith(f"{kind}."))
        if only:
            names = ", ".join(it.split(".")[2] for it in only[:3]) + (", …" if len(only) > 3 else "")
            lines.append(f"only {who} runs {len(only)} of type {kind}: {names}")
    return lines


def count_results(theirs, ours):
    """By type of node: how many dbt has, how many we have, and of how many both say the same."""
    counts = {}
    for kind in sorted({it.partition(".")[0] for it in theirs.keys() | ours.keys()}):
        mine = {it: status for it, status in ours.items() if it.startswith(f"{kind}.")}
        other = {it: status for it, status in theirs.items() if it.startswith(f"{kind}.")}
        same = sum(mine.get(it) == status for it, status in other.items())
        counts[kind] = {"dbt": len(other), "arrowmill": len(mine), "same": same}
    return counts


# ---- what was made ----


def compare_relations(first, second, ours, options):
    """Names, columns and rows of all relations. The reading happens in the other Python, which has DuckDB."""
    nothing = {"counts": {}, "differences": [], "not_compared": []}
    if not (Path(first["folder"]) / "warehouse.duckdb").exists():
        return nothing
    question = {"dbt": first["folder"], "again": second["folder"], "ours": our_relations(first, ours, options)}
    done = subprocess.run(
        [options.python, "-c", READER], input=json.dumps(question), capture_output=True, text=True,
        env={**os.environ, "TZ": "UTC"},
    )
    if done.returncode != 0:
        return {**nothing, "differences": [f"the relations could not be compared: {done.stderr[-2000:]}"]}
    return json.loads(done.stdout)


def our_relations(first, ours, options):
    """From `schema.name` to the file with its rows: Parquet for a table, what `show` prints for a view."""
    warehouse, relations = Path(ours["folder"]) / "warehouse", {}
    names = model_names(first)
    for record in sorted(warehouse.glob("_arrowmill/relations/*/*.json")):
        schema, name = record.parent.name, record.stem
        about = json.loads(record.read_text(encoding="utf-8"))
        relation = {"kind": about["kind"], "columns": [it["name"] for it in about["columns"]]}
        if about["kind"] == "table":
            relation["file"] = str(warehouse / schema / f"{name}.parquet")
        else:
            relation |= rows_of_view(names.get((schema, name), name), f"{schema}.{name}", ours, options)
        relations[f"{schema}.{name}"] = relation
    return relations


def model_names(side):
    """From schema and alias to the name by which a node is selected."""
    manifest = Path(side["folder"]) / "target/manifest.json"
    nodes = json.loads(manifest.read_text(encoding="utf-8"))["nodes"].values()
    return {(it["schema"], it["alias"]): ".".join(it["fqn"]) for it in nodes if it["resource_type"] == "model"}


def rows_of_view(model, relation, ours, options):
    command = [options.arrowmill, "show", "--select", model, "--limit", "-1", "--output", "json", "--quiet"]
    command += ["--profiles-dir", ".", "--target", options.target, "--no-use-colors"]
    if options.vars:
        command += ["--vars", options.vars]
    folder = Path(ours["folder"])
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env={**os.environ, "TZ": "UTC"})
    if done.returncode != 0:
        return {"error": (done.stderr or done.stdout)[:600]}
    file = folder / f"target/{relation}.json"
    file.write_text(done.stdout, encoding="utf-8")
    return {"json": str(file)}


READER = r'''
import datetime, decimal, json, os, sys
from collections import Counter
import duckdb

FAMILIES = {
    "integer": ["TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT",
                "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"],
    "decimal": ["DECIMAL"],
    "float": ["FLOAT", "DOUBLE"],
    "text": ["VARCHAR", "JSON", "UUID", "ENUM"],
    "timestamp": ["TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"],
}
NUMBERS = {"integer", "decimal", "float"}
RELATIONS = """
    select schema_name || '.' || table_name, 'table' from duckdb_tables() where not internal and not temporary
    union all
    select schema_name || '.' || view_name, 'view' from duckdb_views() where not internal and not temporary
"""


def main():
    question = json.load(sys.stdin)
    theirs, again = connect(question["dbt"]), connect(question["again"])
    ours = question["ours"]
    counts = {it: {"dbt": 0, "arrowmill": 0, "same": 0} for it in ("relations", "rows")}
    differences, not_compared = [], []
    names = dict(theirs.execute(RELATIONS).fetchall())
    counts["relations"] |= {"dbt": len(names), "arrowmill": len(ours)}
    differences += only_in("dbt", names.keys() - ours.keys())
    differences += only_in("Arrowmill", ours.keys() - names.keys())
    for name in sorted(names.keys() & ours.keys()):
        found = []
        if names[name] != ours[name]["kind"]:
            found.append(f"{name}: is a {ours[name]['kind']}, with dbt a {names[name]}")
        try:
            found += compare(name, theirs, again, ours[name], counts["rows"], not_compared)
        except duckdb.Error as error:
            found.append(f"{name}: can't be read: {str(error)[:400]}")
        differences += found
        counts["relations"]["same"] += not found
    print(json.dumps({"counts": counts, "differences": differences, "not_compared": not_compared}))


def only_in(who, names):
    return [f"only {who} has {len(names)} relations: {', '.join(sorted(names))}"] if names else []


def connect(folder):
    # Views may name files relative to the project's folder.
    os.chdir(folder)
    connection = duckdb.connect(os.path.join(folder, "warehouse.duckdb"), read_only=True)
    connection.execute("set timezone = 'UTC'")
    return connection


def compare(name, theirs, again, ours, counts, not_compared):
    schema, _, table = name.partition(".")
    relation = f"{quoted(schema)}.{quoted(table)}"
    expected = columns_of(theirs, relation)
    if "error" in ours:
        return [f"{name}: its rows can't be shown: {ours['error']}"]
    if list(expected) != ours["columns"]:
        return [f"{name}: columns are {ours['columns']}, with dbt {list(expected)}"]
    differences, loose = [], set()
    if "file" in ours:
        actual = columns_of(theirs, f"read_parquet('{ours['file']}')")
        mine = rows(theirs, f"read_parquet('{ours['file']}')", actual)
        for column, kind in expected.items():
            families = family(kind), family(actual[column])
            if families[0] != families[1]:
                differences.append(f"{name}.{column}: {actual[column]}, with dbt {kind}")
                if NUMBERS.issuperset(families):
                    loose.add(column)
    else:
        mine = rows(theirs, from_json(ours["json"], expected), expected)
    other = rows(theirs, relation, expected)
    repeated = rows(again, relation, expected) if again is not theirs else other
    counts["dbt"] += len(other)
    counts["arrowmill"] += len(mine)
    columns = list(expected)
    unsteady = [it for it in columns if column_of(other, columns, it) != column_of(repeated, columns, it)]
    if unsteady:
        not_compared.append(f"{name}: dbt's own runs disagree about {', '.join(unsteady)}")
    if len(other) != len(repeated):
        return differences
    compared = [it for it in columns if it not in unsteady]
    this, that = (bag(it, columns, compared, loose) for it in (mine, other))
    counts["same"] += sum((this & that).values())
    return differences + row_differences(name, this, that, compared)


def row_differences(name, this, that, columns):
    many, missing = this - that, that - this
    if not many and not missing:
        return []
    by_column = [
        it for place, it in enumerate(columns)
        if Counter(row[place] for row in this.elements()) != Counter(row[place] for row in that.elements())
    ]
    text = f"{name}: {sum(many.values())} rows too many and {sum(missing.values())} missing"
    if by_column:
        text += f"; values differ in {', '.join(by_column)}"
    places = [columns.index(it) for it in by_column] or range(len(columns))
    for word, bag_of in (("Arrowmill", many), ("dbt", missing)):
        for row in sorted(bag_of, key=str)[:2]:
            text += f"\n      {word}: " + str({columns[it]: row[it] for it in places})[:300]
    return [text]


def columns_of(connection, table):
    return {name: kind for name, kind, *_ in connection.execute(f"describe select * from {table}").fetchall()}


def family(kind):
    plain = kind.partition("(")[0]
    return next((name for name, kinds in FAMILIES.items() if plain in kinds), plain)


def rows(connection, table, columns):
    # What has a zone would need another package to become a value of Python.
    listed = [
        f"cast({quoted(it)} as varchar)" if "WITH TIME ZONE" in kind or kind.startswith("TIME_") else quoted(it)
        for it, kind in columns.items()
    ]
    return connection.execute(f"select {', '.join(listed)} from {table}").fetchall()


def from_json(file, columns):
    """A list of objects, with the types that dbt's columns have."""
    values = ", ".join(
        f"cast(row ->> '$.{quoted(name)}' as {kind}) as {quoted(name)}" for name, kind in columns.items()
    )
    return f"(select {values} from (select unnest(from_json(content, '[\"json\"]')) as row from read_text('{file}')))"


def column_of(table, columns, column):
    place = columns.index(column)
    return Counter(plain(row[place]) for row in table)


def bag(table, columns, compared, loose):
    places = [(columns.index(it), it in loose) for it in compared]
    return Counter(tuple(plain(row[place], anyhow) for place, anyhow in places) for row in table)


def plain(value, loosely=False):
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) or loosely:
        return "%.9g" % (value + 0.0 if isinstance(value, float) else float(value))
    if isinstance(value, decimal.Decimal):
        return format(value.normalize() + 0, "f")
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return str([plain(it) for it in value])
    if isinstance(value, dict):
        return str({plain(key): plain(it) for key, it in value.items()})
    return str(value)


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


main()
'''


# ---- what is printed ----


def print_report(report, most):
    print(f"\n== {report['name']}  {report['project']}")
    if report["verdict"] == "dbt fails":
        print(f"   {report['differences'][0]}")
        print_stopped("dbt", report["dbt"])
        return
    ours, theirs = report["arrowmill"], report["dbt"]
    print(f"   {'':<12}{'dbt':>9}{'arrowmill':>11}{'same':>9}")
    for kind, count in {**report["counts"], **report["relations"]}.items():
        print(f"   {kind:<12}{count['dbt']:>9}{count['arrowmill']:>11}{count['same']:>9}")
    print(f"   {'exit code':<12}{theirs['exit']:>9}{ours['exit']:>11}")
    print(f"   {'seconds':<12}{theirs['seconds']:>9}{ours['seconds']:>11}")
    print(f"   dbt: {statuses(theirs)}; Arrowmill: {statuses(ours)}")
    print_stopped("dbt", theirs)
    print_stopped("Arrowmill", ours)
    for text in report["differences"][:most]:
        print(f"   - {text}")
    if len(report["differences"]) > most:
        print(f"   … and {len(report['differences']) - most} more differences")
    for unique_id, message in list(ours["messages"].items())[:most]:
        if theirs["results"].get(unique_id) != ours["results"][unique_id]:
            print(f"   ! {unique_id}: {first_line(message)}")
    for text in report["not_compared"]:
        print(f"   ~ {text}")


def print_stopped(who, side):
    """What the first command says that ran nothing; later ones mostly say the same."""
    for place, (command, lines) in enumerate(side["stopped"].items()):
        if place:
            print(f"   {who} ran nothing at `{command}`, too")
            continue
        print(f"   {who} ran nothing at `{command}`; the first lines of its output:")
        for line in lines[:FIRST_LINES]:
            print(f"   | {line}")
        if len(lines) > FIRST_LINES:
            print(f"   | … and {len(lines) - FIRST_LINES} more lines")


def first_line(message):
    return (message or "").strip().partition("\n")[0][:300]


def statuses(side):
    counted = Counter(it.partition(" ")[0] for it in side["results"].values())
    return ", ".join(f"{count} {status}" for status, count in sorted(counted.items())) or "nothing"


def print_verdicts(reports):
    print()
    for report in reports:
        found = len(report["differences"])
        why = {"same": "", "differs": f", {found} differences", "dbt fails": f": {report['differences'][:1]}"}
        print(f"{report['name']}: {report['verdict']}{why[report['verdict']]}")


if __name__ == "__main__":
    main()
