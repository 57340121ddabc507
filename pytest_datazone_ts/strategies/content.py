"""Strategies for the content of forms."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st


def data_quality_results() -> st.SearchStrategy[dict[str, Any]]:
    """Generate the content of an ``amazon.datazone.DataQualityResultFormType`` form, as a dict.

    It has the members that AWS's documentation and public pipelines show. As in these,
    ``evaluationsCount`` may exceed the number of ``evaluations``, and ``passingPercentage`` need
    not be the percentage of those that passed.
    """
    listed = st.lists(
        st.fixed_dictionaries(
            {
                "description": st.text(),
                "types": st.lists(st.text(), max_size=2),
                "applicableFields": st.lists(st.text(), max_size=2),
                "status": st.sampled_from(["PASS", "FAIL"]),
            },
            optional={"details": st.dictionaries(st.text(), st.text(), max_size=2)},
        ),
        max_size=3,
    )
    unlisted = st.just(0) | st.integers(0, 1_000)
    percentages = st.integers(0, 100) | st.floats(0, 100)

    @st.composite
    def result(draw: st.DrawFn) -> dict[str, Any]:
        evaluations = draw(listed)
        return {
            "evaluationsCount": len(evaluations) + draw(unlisted),
            "passingPercentage": draw(percentages),
            "evaluations": evaluations,
        }

    return result()


JSON_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
