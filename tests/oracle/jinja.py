#!/usr/bin/env python3
"""Fills the cases of src/jinja/cases with what dbt's own Jinja says: the expected texts are never written by hand.

Usage: python tests/oracle/jinja.py src/jinja/cases/*.txt   (with an interpreter that has dbt-core)

A case is a template, which may have several lines, and a line that begins with `= ` (what it renders to, line ends as
`⏎`) or `! ` (it fails). Lines that begin with `#` are comments. A case that ends with `= ?` is filled in as well.
"""

import datetime
import sys

import jinja2.sandbox
import pytz
import dbt.deprecations
from dbt.clients.jinja import get_rendered
from dbt.context.base import BaseContext

# Deprecations need the flags of a whole invocation.
dbt.deprecations.warn = lambda *args, **kwargs: None


def context():
    members = BaseContext({"text": "value", "list": [1, "two", None]}).to_dict()
    members["run_started_at"] = datetime.datetime(2024, 2, 29, 13, 5, 7, 123456, tzinfo=pytz.utc)
    return members


def answer(template):
    try:
        if "{% macro" in template:  # dbt renames macros, so that a text that has any can't call them
            extensions = ["jinja2.ext.do", "jinja2.ext.loopcontrols"]
            environment = jinja2.sandbox.SandboxedEnvironment(extensions=extensions)
            rendered = environment.from_string(template, globals=context()).render()
        else:
            rendered = get_rendered(template, context())
        return "= " + str(rendered).replace("\n", "⏎")
    except Exception as problem:  # whatever dbt raises, the case is that it fails
        return "! " + type(problem).__name__


def main():
    for path in sys.argv[1:]:
        result, template = [], []
        for line in open(path, encoding="utf-8").read().split("\n"):
            if line.startswith("#") and not template:
                result.append(line)
            elif line.startswith(("= ", "! ")) or line == "=":
                result.append(answer("\n".join(template)))
                template = []
            else:
                if line or template:
                    template.append(line)
                result.append(line)
        open(path, "w", encoding="utf-8").write("\n".join(result))


if __name__ == "__main__":
    main()
