"""Measures Arrowmill beside dbt-core with DuckDB, and beside the same compiled SQL as a plain DuckDB script.

    arrowmill generate --events 250000 --days 90 --out /somewhere/raw
    python benches/peers.py /somewhere/raw --arrowmill target/release/arrowmill --python oracle/bin/python

All three work on the same raw folder, on this machine and in this run, taking turns: in each round every contestant
does every command once, in another order each round. Every command is a process of its own, measured from its start to
its end: wall time, CPU time (user + system, children included) and peak resident memory. A contestant starts each round
without tables: an empty warehouse, a new database file.

The commands are `build`, and with `--commands build,run,test` also `run` (from nothing) and `test` (on what `run` has
made). dbt comes twice: with all of its parsing, and with what it has kept of parsing the same project before.
Writes results.json and results.md to `--out`, and says at the end whether the tables agree. docs/benchmarks.md says what
to make of the numbers. `--python` is one that has duckdb, dbt-core and dbt-duckdb; this script needs none of them.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROJECT = ["dbt_project.yml", "profiles.yml", "models", "macros", "tests/assertions"]
THREADS = 2
LINE = "{round} {who:<26} {command:<6} {wall:7.2f} s {cpu:7.2f} CPU s {peak_mib:7.0f} MiB"


def main():
    options = parse_arguments()
    work = Path(options.work or tempfile.mkdtemp(prefix="arrowmill-peers-")).resolve()
    environment = {
        **os.environ,
        "CLICKSTREAM_RAW": str(options.raw.resolve()),
        "DO_NOT_TRACK": "1",
        "NO_COLOR": "1",
    }
    # The last one would have Python compile dbt anew each time, where nobody has done so before.
    for name in ("DBT_PROFILES_DIR", "DBT_PROJECT_DIR", "DBT_TARGET", "PYTHONDONTWRITEBYTECODE"):
        environment.pop(name, None)
    contestants = make_contestants(options, work, environment)
    commands = options.commands.split(",")
    samples = []
    for round_number in range(options.repeats):
        # Another one begins each time, so that none always runs on a machine that is warm, or cold.
        turn = round_number % len(contestants)
        for contestant in contestants[turn:] + contestants[:turn]:
            for command in commands:
                contestant.forget(tables=command in ("build", "run"))
                sample = measure(contestant, command, environment, work)
                samples.append({"round": round_number + 1, **sample})
                print(LINE.format(**samples[-1]), flush=True)
    agreement = compare_tables(contestants, options, environment) if options.compare else "not compared"
    about = machine(options, environment)
    result = {"machine": about, "data": data(options), "agreement": agreement, "samples": samples}
    write_results(result, commands, options.out or work)
    print(agreement)
    if not options.work:
        shutil.rmtree(work)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("raw", type=Path, help="folder that `arrowmill generate` has made")
    binary = str(ROOT / "target/release/arrowmill")
    parser.add_argument("--arrowmill", default=binary, help="the binary to measure [target/release/arrowmill]")
    python = os.environ.get("ARROWMILL_TEST_PYTHON", sys.executable)
    parser.add_argument("--python", default=python, help="has duckdb and dbt [$ARROWMILL_TEST_PYTHON]")
    parser.add_argument("--repeats", type=int, default=5, help="how many rounds [5]")
    parser.add_argument("--commands", default="build", help="of build, run, test; comma between [build]")
    parser.add_argument("--only", default="", help="only contestants whose names begin so; comma between")
    parser.add_argument("--memory-limit", help="what Arrowmill and DuckDB may hold, as 4GiB [each its own default]")
    parser.add_argument("--work", help="folder to work in, kept afterwards [a temporary one]")
    parser.add_argument("--out", type=Path, help="folder for results.json and results.md [the one to work in]")
    parser.add_argument("--no-compare", dest="compare", action="store_false", help="don't compare the tables at the end")
    options = parser.parse_args()
    if options.out is None and options.work is None:
        options.out = Path.cwd()
    options.arrowmill = str(Path(options.arrowmill).resolve())
    return options


# ---- who takes part ----


class Contestant:
    """A copy of the project, the commands to run in it, and what to remove before it starts from nothing."""

    def __init__(self, name, folder, commands, tables, parsed=()):
        self.name, self.folder, self.commands = name, folder, commands
        self.tables, self.parsed = tables, parsed

    def forget(self, tables):
        for path in [*(self.tables if tables else []), *self.parsed]:
            remove(self.folder / path)


def make_contestants(options, work, environment):
    wanted = tuple(it for it in options.only.split(",") if it) or ("",)
    arrowmill = copy_project(work / "arrowmill", options)
    # What the last round has said must not be what this one says.
    own_commands = {it: [options.arrowmill, it, "--no-reuse"] for it in ("build", "run", "test")}
    contestants = [Contestant("arrowmill", arrowmill, own_commands, ["data/warehouse"])]
    # As the command line does it, but for sure with this Python.
    dbt = [options.python, "-c", "from dbt.cli.main import cli; cli()"]
    after = ["--profiles-dir", ".", "--target", "duckdb", "--no-use-colors"]
    dbt_commands = {it: [*dbt, it, *after] for it in ("build", "run", "test")}
    database = ["data/clickstream.duckdb", "data/clickstream.duckdb.wal"]
    parsed = ["out/target/partial_parse.msgpack"]
    dbt_folder = copy_project(work / "dbt", options)
    contestants.append(Contestant("dbt-duckdb, full parse", dbt_folder, dbt_commands, database, parsed))
    warm = copy_project(work / "dbt-parsed", options)
    contestants.append(Contestant("dbt-duckdb, parsed before", warm, dbt_commands, database))
    script = copy_project(work / "script", options)
    if any("duckdb script".startswith(it) or "dbt-duckdb, parsed before".startswith(it) for it in wanted):
        for folder in (warm, script):
            quietly([*dbt, "compile", *after], folder, environment)
        write_script(script, options)
    scripted = {it: [options.python, "script.py", it] for it in ("build", "run", "test")}
    contestants.append(Contestant("duckdb script", script, scripted, database))
    return [it for it in contestants if it.name.startswith(wanted)]


def copy_project(folder, options):
    remove(folder)
    for path in PROJECT:
        if (ROOT / path).is_dir():
            shutil.copytree(ROOT / path, folder / path)
        else:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, folder / path)
    (folder / "data").mkdir(exist_ok=True)
    if options.memory_limit:
        add_memory_limit(folder / "profiles.yml", options.memory_limit)
    return folder


def add_memory_limit(profiles, limit):
    """Both targets' own words for it: a property of ours, a setting of DuckDB."""
    lines = []
    for line in profiles.read_text(encoding="utf-8").splitlines():
        lines.append(line)
        if line.strip() == "type: datafusion":
            lines.append(line.replace("type: datafusion", f"memory_limit: {limit}"))
        if line.strip() == "type: duckdb":
            lines.append(line.replace("type: duckdb", f"settings: {{memory_limit: '{limit}'}}"))
    profiles.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_script(folder, options):
    """What dbt has compiled, as a script without any framework: models in dbt's order, then all tests."""
    manifest = json.loads((folder / "out/target/manifest.json").read_text(encoding="utf-8"))
    nodes = manifest["nodes"]
    models, order = {key: node for key, node in nodes.items() if node["resource_type"] == "model"}, []

    def visit(key):
        if key in models and key not in order:
            for parent in models[key]["depends_on"]["nodes"]:
                visit(parent)
            order.append(key)

    for key in sorted(models):
        visit(key)
    plan = {
        "threads": THREADS,
        "memory_limit": options.memory_limit,
        "schemas": sorted({models[key]["schema"] for key in order}),
        "models": [
            [node["relation_name"], node["config"]["materialized"], compiled(folder, node)]
            for node in map(models.get, order)
        ],
        "tests": [compiled(folder, nodes[key]) for key in sorted(nodes) if nodes[key]["resource_type"] == "test"],
    }
    (folder / "script.json").write_text(json.dumps(plan), encoding="utf-8")
    (folder / "script.py").write_text(SCRIPT, encoding="utf-8")


def compiled(folder, node):
    return (folder / node["compiled_path"]).read_text(encoding="utf-8")


SCRIPT = '''
import json, sys
import duckdb

plan = json.load(open("script.json", encoding="utf-8"))
connection = duckdb.connect("data/clickstream.duckdb")
connection.execute(f"pragma threads={plan['threads']}")
if plan["memory_limit"]:
    connection.execute(f"set memory_limit='{plan['memory_limit']}'")
if sys.argv[1] in ("build", "run"):
    for schema in plan["schemas"]:
        connection.execute(f"create schema {schema}")
    for relation, materialized, sql in plan["models"]:
        kind = "view" if materialized == "view" else "table"
        connection.execute(f"create {kind} {relation} as {sql}")
failing = 0
if sys.argv[1] in ("build", "test"):
    for sql in plan["tests"]:
        failing += connection.execute(f"select count(*) from ({sql}) as failing").fetchone()[0] > 0
connection.close()
sys.exit(1 if failing else 0)
'''


# ---- measuring ----


def measure(contestant, command, environment, work, codes=(0,)):
    log = work / "last-output.txt"
    # What was written before is not this one's to wait for.
    os.sync()
    with open(log, "wb") as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            contestant.commands[command], cwd=contestant.folder, env=environment, stdin=subprocess.DEVNULL,
            stdout=output, stderr=subprocess.STDOUT,
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in codes:
        text = log.read_text(encoding="utf-8", errors="replace")[-4000:]
        sys.exit(f"{contestant.name}: {command} ended with {process.returncode}\n{text}")
    return {
        "who": contestant.name,
        "command": command,
        "wall": wall,
        "cpu": usage.ru_utime + usage.ru_stime,
        "user": usage.ru_utime,
        "system": usage.ru_stime,
        # Linux counts in KiB, macOS in bytes.
        "peak_mib": usage.ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024),
    }


def quietly(command, folder, environment):
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: {done.stdout}{done.stderr}")
    return done.stdout


def compare_tables(contestants, options, environment):
    """Arrowmill's files against the tables of a DuckDB database, when both are there."""
    ours = next((it for it in contestants if it.name == "arrowmill"), None)
    theirs = next((it for it in contestants if it is not ours), None)
    if ours is None or theirs is None:
        return "not compared"
    warehouse, database = ours.folder / "data/warehouse/clickstream", theirs.folder / "data/clickstream.duckdb"
    return quietly([options.python, "-c", COMPARE, str(warehouse), str(database)], ROOT, environment).strip()


COMPARE = '''
import glob, os, sys
import duckdb

warehouse, database = sys.argv[1:]
connection = duckdb.connect()
connection.execute("set timezone = 'UTC'")
connection.execute(f"attach '{database}' as theirs (read_only)")


def rows_in(query):
    return connection.execute(f"select count(*) from ({query})").fetchone()[0]


rows, different = 0, []
files = sorted(glob.glob(f"{warehouse}/*.parquet"))
for file in files:
    name = os.path.basename(file)[:-8]
    ours, theirs = f"read_parquet('{file}')", f"theirs.clickstream.{name}"
    rows += rows_in(f"from {ours}")
    if rows_in(f"from {ours} except all from {theirs}") or rows_in(f"from {theirs} except all from {ours}"):
        different.append(name)
print(f"different: {', '.join(different)}" if different else f"all {len(files)} tables and {rows} rows agree")
'''


# ---- what is written down ----


def machine(options, environment):
    def version(command):
        return quietly(command, ROOT, environment).strip().splitlines()[0]

    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processors": os.cpu_count(),
        "memory_gib": round(memory / 2**30, 1),
        "threads": THREADS,
        "memory_limit": options.memory_limit,
        "arrowmill": version([options.arrowmill, "--version"]),
        "peers": version([options.python, "-c", PEER_VERSIONS]),
    }


PEER_VERSIONS = """
from importlib.metadata import version
print(', '.join(f'{it} {version(it)}' for it in ('dbt-core', 'dbt-duckdb', 'duckdb')))
"""


def data(options):
    return {it.name: it.stat().st_size for it in sorted(options.raw.iterdir()) if it.is_file()}


def write_results(result, commands, folder):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    table = markdown(result, commands)
    (folder / "results.md").write_text(table, encoding="utf-8")
    print(f"\n{table}\nwritten to {folder / 'results.json'} and {folder / 'results.md'}")


def markdown(result, commands):
    samples, about = result["samples"], result["machine"]
    rounds = max(it["round"] for it in samples)
    size = sum(result["data"].values()) / 1e6
    limit = f", memory limit {about['memory_limit']}" if about["memory_limit"] else ""
    lines = [
        f"{about['arrowmill']}; {about['peers']}. {about['system']}, {about['processors']} processors, "
        f"{about['memory_gib']} GiB, {about['threads']} threads{limit}. {size:.0f} MB of raw data, "
        f"medians of {rounds} rounds, least to most in brackets. Tables: {result['agreement']}.",
        "",
        "| command | contestant | wall, s | CPU, s | peak memory, MiB | wall, of Arrowmill's | CPU, of Arrowmill's |",
        "|---|---|---|---|---|---|---|",
    ]
    for command in commands:
        ours = [it for it in samples if it["command"] == command and it["who"] == "arrowmill"]
        for who in dict.fromkeys(it["who"] for it in sorted(samples, key=lambda it: it["who"])):
            theirs = [it for it in samples if it["command"] == command and it["who"] == who]
            cells = [spread(theirs, "wall", 2), spread(theirs, "cpu", 2), spread(theirs, "peak_mib", 0)]
            cells += [times(theirs, ours, "wall"), times(theirs, ours, "cpu")]
            lines.append(f"| {command} | {who} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def middle(samples, key):
    return statistics.median(it[key] for it in samples)


def spread(samples, key, digits):
    values = [it[key] for it in samples]
    return f"{middle(samples, key):.{digits}f} ({min(values):.{digits}f}–{max(values):.{digits}f})"


def times(theirs, ours, key):
    return f"{middle(theirs, key) / middle(ours, key):.2f}" if ours else "–"


def remove(path):
    if path.is_dir():
        shutil.rmtree(path)
    elif path.exists():
        path.unlink()


if __name__ == "__main__":
    main()
