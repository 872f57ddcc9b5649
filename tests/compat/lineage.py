"""Compares the column lineage of other people's dbt projects with what was judged by hand and frozen.

    python tests/compat/lineage.py ~/src/jaffle_shop_duckdb
    python tests/compat/lineage.py ~/src/product_analytics --packages ~/src --arrowmill target/debug/arrowmill --write

Each argument is the folder of a dbt project in a checkout that you have: their code is never committed here. It is
copied as projects.py copies it, and gets that script's profiles.yml. In the copy, `deps` installs what packages the
project takes, and `docs generate` plans every model; nothing is built. The lineage.json that this writes becomes a text
as in tests/integration/lineage: a paragraph for each node that has origins, a line for each column.

The frozen texts are tests/compat/lineage/<name of the folder>.txt. Each was judged against the models' SQL, column by
column and edge by edge; `--write` writes them anew, and the difference is then to be read as one reads a model. They
are of jaffle_shop_duckdb at 9b13827, canva-analytics-dbt at 2d151b1, and product_analytics at b8ef20a. The last one
takes a package of the hub and needs `--packages` with a checkout of dbt-utils, 700764c when it was frozen. The target
is `duckdb`, as their SQL is DuckDB's.

Exit codes: 0 when all lineage is as it was frozen, 1 when some differs, 2 when there is nothing to compare.
"""

import argparse
import difflib
import json
import shutil
import sys
import tempfile
from pathlib import Path

from projects import ROOT, copy_project, has_packages, run

FROZEN = Path(__file__).resolve().parent / "lineage"


def main():
    options = parse_arguments()
    work = Path(options.work or tempfile.mkdtemp(prefix="arrowmill-lineage-")).resolve()
    codes = [check_project(it.resolve(), work, options) for it in options.projects]
    if not options.work:
        shutil.rmtree(work)
    sys.exit(max(codes))


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("projects", type=Path, nargs="+", help="folders with a dbt_project.yml")
    binary = str(ROOT / "target/release/arrowmill")
    parser.add_argument("--arrowmill", default=binary, help="[target/release/arrowmill]")
    parser.add_argument("--write", action="store_true", help="write the frozen texts anew")
    parser.add_argument("--packages", type=Path, help="folder with checkouts of the hub's packages")
    parser.add_argument("--schema", default="main", help="the target's schema [main]")
    parser.add_argument("--target", default="duckdb", help="datafusion or duckdb: whose SQL the models are [duckdb]")
    parser.add_argument("--threads", type=int, default=2, help="[2]")
    parser.add_argument("--timeout", type=int, default=900, help="seconds for each command [900]")
    parser.add_argument("--work", help="folder to work in, kept afterwards [a temporary one]")
    options = parser.parse_args()
    options.arrowmill = str(Path(options.arrowmill).resolve())
    for project in options.projects:
        if not (project / "dbt_project.yml").is_file():
            parser.error(f"{project} has no dbt_project.yml")
    return options


def check_project(project, work, options):
    """The exit code that this project alone would have."""
    lineage, output = generate(project, work / "_".join(project.parts[-2:]), options)
    if lineage is None:
        print(f"{project.name}: there is no lineage", *output, sep="\n")
        return 2
    found, path = written(lineage), FROZEN / f"{project.name}.txt"
    if options.write:
        FROZEN.mkdir(exist_ok=True)
        path.write_text(found, encoding="utf-8")
        print(f"{project.name}: {path.relative_to(ROOT)} is written")
        return 0
    if not path.is_file():
        print(f"{project.name}: nothing is frozen yet, --write would")
        return 2
    kept = path.read_text(encoding="utf-8")
    sys.stdout.writelines(
        difflib.unified_diff(kept.splitlines(True), found.splitlines(True), f"{project.name}, kept", "found")
    )
    print(f"{project.name}: {'same' if kept == found else 'differs'}")
    return int(kept != found)


def generate(project, folder, options):
    """The project's lineage.json, or None, and what the last command has printed."""
    copy = copy_project(project, folder, options)
    after = ["--profiles-dir", ".", "--target", options.target, "--target-path", "target", "--no-use-colors"]
    for command in [*([["deps"]] if has_packages(copy) else []), ["docs", "generate"]]:
        done = run([options.arrowmill, *command, *after], copy, options)
        if done["exit"] != 0:
            return None, done["output"]
    return json.loads((copy / "target/lineage.json").read_text(encoding="utf-8")), done["output"]


def written(lineage):
    """The text of tests/integration/lineage.rs. Seeds are left out, and sources that no seed makes."""
    names = {it["id"]: it["name"] for it in lineage["nodes"]}

    def origins(edges):
        of = [names[it["node"]] if it.get("node") else it["relation"] for it in edges]
        return [f"{it['kind']} {name}.{it['column']}" for it, name in zip(edges, of)]

    paragraphs = []
    for node in lineage["nodes"]:
        begins = node["type"] in ("seed", "source") and not any(it["origins"] for it in node["columns"])
        if begins or node["type"] == "exposure":
            continue
        lines = [f"  {it['name']}: {', '.join(origins(it['origins']) + it['made'])}" for it in node["columns"]]
        if node["rows"]:
            lines.append(f"  (rows): {', '.join(origins(node['rows']))}")
        paragraphs.append("\n".join([node["name"], *lines]) + "\n")
    return "\n".join(paragraphs)


if __name__ == "__main__":
    main()
