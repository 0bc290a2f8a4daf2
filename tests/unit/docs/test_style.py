"""The style check finds refused words in prose and names, and leaves other code alone."""

import pytest
from tools.style import MAX_LINE, findings


@pytest.mark.parametrize(
    ("text", "suffix"),
    [
        pytest.param("The operator is told.\n", ".md", id="a paragraph"),
        pytest.param("Nobody reads the queue.\n", ".md", id="a capital letter"),
        pytest.param("key: value  # An ill worker\n", ".yaml", id="a comment of YAML"),
        pytest.param('"""One look at a queue."""\n', ".py", id="a docstring"),
        pytest.param('say(f"mend {it}")\n', ".py", id="a formatted message"),
        pytest.param("x = 1  # by hand\n", ".py", id="a comment of Python"),
        pytest.param("def test_it_is_told() -> None: ...\n", ".py", id="a name of Python"),
        pytest.param("class FirstLook: ...\n", ".py", id="a name in camel case"),
        pytest.param("RESULT_STORE = 1\n", ".py", id="two words in a name"),
        pytest.param("`kubectl -n NAMESPACE celery status shop`\n", ".md", id="an option before a plugin"),
        pytest.param(
            'f"kubectl --namespace={place} celery status"\n', ".py", id="such an option in a message"
        ),
        pytest.param("a " * MAX_LINE, ".md", id="a long line"),
    ],
)
def test_a_refused_word_in_prose_or_a_name_is_found(text: str, suffix: str) -> None:
    assert [finding.line for finding in findings(text, suffix)] == [1]


@pytest.mark.parametrize(
    ("text", "suffix"),
    [
        pytest.param("```\nnobody\n```\nOne `told` [page](look.md).\n", ".md", id="code and links"),
        pytest.param("The pill will overlook nothing.\n", ".md", id="parts of other words"),
        pytest.param("ill: value\n", ".yaml", id="a key of YAML"),
        pytest.param("fill(outlook, tellurium)\n", ".py", id="parts of names of Python"),
        pytest.param("so(many)\n", ".py", id="two names of Python in a row"),
        pytest.param("`kubectl -n NAMESPACE exec POD -- celery status`\n", ".md", id="a command in a pod"),
        pytest.param(
            "1. Run:\n\n   ```\n   " + "a " * MAX_LINE + "\n   ```\n", ".md", id="long code in a list"
        ),
        pytest.param("| " + "a " * MAX_LINE + "|\n", ".md", id="a long row of a table"),
    ],
)
def test_code_is_left_alone(text: str, suffix: str) -> None:
    assert findings(text, suffix) == []


def test_a_finding_names_the_line_behind_code_and_what_to_write_instead() -> None:
    [finding] = findings("# Title\n\n```\ncode\n```\nIt is mended.\n", ".md")
    assert (finding.line, finding.refused) == (6, "mended")
    assert "repair" in finding.instead
