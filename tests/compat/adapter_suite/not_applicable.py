"""What of the suite does not apply, and why. A key is a module of `dbt.tests.adapter`, a class, or `Class.test`."""

NOT_APPLICABLE = {
    "grants": "a folder of files has no users to grant to",
    "python_model": "models in Python are not run: one binary, no Python",
    "functions.test_js_udfs": "functions in JavaScript are not run",
    "materialized_view": "neither DuckDB nor a folder of files has materialised views",
    "catalog": "tests a dbt-core process with a catalog integration",
    "catalog_integrations": "tests a dbt-core process with a catalog integration",
}


def reason_for(cls, test):
    """Why a test does not apply, or None."""
    for base in cls.__mro__:
        if not base.__module__.startswith("dbt.tests.adapter."):
            continue
        module = base.__module__.removeprefix("dbt.tests.adapter.")
        for key in (f"{base.__name__}.{test}", base.__name__, module, module.split(".")[0]):
            if key in NOT_APPLICABLE:
                return NOT_APPLICABLE[key]
    return None
