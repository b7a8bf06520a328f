"""Great Expectations: a suite made from rules, and the one place where it validates anything.

It never sees a row of the data: what it validates is the facts table of a step, a row per service day. On Spark frames it
collects several times per expectation; on a facts table one costs 15 ms, and the library 2 s once to import.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from quality.rules import Rule

if TYPE_CHECKING:
    import pandas as pd

WITHOUT_VALUES: dict[str, Any] = {"result_format": "BOOLEAN_ONLY"}
"""The only result format used. Every other one stores failing values by default, the plates of a bad column among them."""


def suite(rules: Iterable[Rule], *, name: str) -> Any:
    """The expectation suite of some rules: one expectation per rule, with rule and severity in its ``meta``."""
    import great_expectations as gx
    from great_expectations.expectations.core.expect_column_values_to_be_between import ExpectColumnValuesToBeBetween

    expectations: list[Any] = [
        ExpectColumnValuesToBeBetween(
            column=rule.name,
            min_value=rule.at_least,
            max_value=rule.at_most,
            meta={"rule": rule.name, "severity": rule.severity},
        )
        for rule in rules
    ]
    return gx.ExpectationSuite(name=name, expectations=expectations)


def validated(facts: "pd.DataFrame", suite: Any) -> Any:
    """Validate a facts table: in memory, without files, network or progress bars, and without a value in the result.

    Returns:
        An ``ExpectationSuiteValidationResult``. An expectation whose column is missing or cannot be compared has failed.
    """
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    # An ephemeral context keeps all it has in memory. 1.24 has no client that reports usage; the switch is for one that had.
    context = gx.get_context(mode="ephemeral")
    context.variables.analytics_enabled = False
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("facts").add_dataframe_asset("facts")
    batch = asset.add_batch_definition_whole_dataframe("facts").get_batch(batch_parameters={"dataframe": facts})
    return batch.validate(suite, result_format=WITHOUT_VALUES)


def breached(facts: "pd.DataFrame", rules: Iterable[Rule], *, name: str) -> set[str]:
    """Names of the rules that some day of a facts table breaches."""
    result = validated(facts, suite(rules, name=name))
    return {found.expectation_config.meta["rule"] for found in result.results if not found.success}
