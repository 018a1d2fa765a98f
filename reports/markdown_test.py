from __future__ import annotations

import re
from functools import partial
from html import unescape

from hypothesis import given
from hypothesis import strategies as st

from training_claims.reading import one_line
from training_claims.reports.ledger import Decided, Ledger
from training_claims.reports.markdown import literal, table
from training_claims.reports.summary import summary
from training_claims.reports.table import table as terminal_table
from training_claims.testing.judgement import made_judgement

ANY_TEXT = st.text(st.characters()) | st.text(st.sampled_from("|\\\\`*_[]<>&~$\n\x1b\ud800 a{}"))
VERDICT = made_judgement().verdict
line = partial(one_line, most=None)
UNESCAPED = r"(?<!\\)(?:\\\\)*"  # an even number of backslashes before


def test_text_stands_as_it_is() -> None:
    said = literal("<p>a | b</p> *x* _y_ `y` [z](u) val_loss\n\x1b[31m ~ $ \\")
    assert said == (
        r"&lt;p&gt;a \| b&lt;/p&gt; \*x\* \_y\_ \`y\` \[z\](u) val_loss \\x1b\[31m \~ \$ \\"
    )


@given(ANY_TEXT)
def test_any_text_is_read_back_and_means_nothing(text: str) -> None:
    said = literal(text)
    assert unescape(re.sub(r"\\([\\`*_\[\]|~$])", r"\1", said)) == unescape(line(text))
    assert not re.search(UNESCAPED + r"[`*\[\]|~$]", said)
    assert not re.search(r"(?<![^\W_])(?<!\\)_|(?<!\\)_(?![^\W_])", said)
    assert "<" not in said
    assert "\n" not in said


@given(ANY_TEXT, ANY_TEXT)
def test_any_statement_is_one_row_of_the_summary(text: str, reason: str) -> None:
    ledger = Ledger(claims={"a": line(text), "b": line(reason)}, answered={"a"})
    ledger.decided = [Decided("noise.any", line(text), "Noise", VERDICT, 1.0)]
    ledger.faults = {"b": line(reason)}
    written = summary(ledger).encode().decode().splitlines()
    assert written[2] == "- **1 of 2 claims was not decided**"
    rows = [line for line in written if line.startswith("| ")]
    assert len(rows) == 3
    assert {len(re.findall(UNESCAPED + r"\|", row)) for row in rows} == {8}


@given(ANY_TEXT)
def test_any_statement_is_in_the_terminals_table(text: str) -> None:
    lines = terminal_table([Decided("noise.any", line(text), "Noise", VERDICT, 1.0)], 120)
    assert all(line.isprintable() for line in lines)
    assert sum("supported" in line and "12/12" in line for line in lines) == 1


def test_a_bar_in_a_cell_ends_none() -> None:
    assert table(["a", "n"], [["x | y", r"z \| 1"]], words=1) == [
        "| a | n |",
        "| --- | ---: |",
        r"| x \| y | z \| 1 |",
    ]
