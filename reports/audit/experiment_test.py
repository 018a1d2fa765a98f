import json
from pathlib import Path

import pytest

from training_claims.faults.injection import FAULTS, mark
from training_claims.reports import places
from training_claims.reports.audit import experiment
from training_claims.reports.audit.experiment import ExperimentFailed, conformance_of, main

JUNIT = """<testsuites><testsuite>
<testcase name="test_order"><failure message="differs"/></testcase><testcase name="test_other"/>
</testsuite></testsuites>"""


@pytest.fixture
def sessions(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[str, ...]]:
    """The pytest sessions that an experiment starts; none is."""
    started: list[tuple[str, ...]] = []

    def start(*arguments: str, **_: object) -> None:
        started.append(arguments)
        for argument in arguments:
            if argument.startswith("--junitxml="):
                Path(argument.removeprefix("--junitxml=")).write_text(JUNIT)

    monkeypatch.setattr(places, "home", lambda: tmp_path)
    monkeypatch.setattr(experiment, "_pytest", start)
    return started


def test_each_fault_trains_what_shows_it_and_is_held_against_fit_once(
    sessions: list[tuple[str, ...]],
) -> None:
    assert {*experiment.WATCHED} <= {*FAULTS}
    main(["--claims-mnist", "mnist.npz"])
    trained = [each for each in sessions if each[2].startswith("claims/")]
    assert [each[each.index("--claims-inject") + 1] for each in trained] == list(FAULTS)
    assert all(each[-2:] == ("--claims-mnist", "mnist.npz") for each in trained)
    assert len(sessions) == 2 * len(FAULTS)
    main([])
    assert len(sessions) == 3 * len(FAULTS)  # what is stored is not trained again


def test_conformance_is_that_of_the_fault_as_it_is(sessions: list[tuple[str, ...]]) -> None:
    assert conformance_of("no-shuffling") is None
    main([])
    assert sessions
    assert conformance_of("no-shuffling") == ("test_order",)
    file = places.home() / "faults" / "no-shuffling.json"
    assert json.loads(file.read_text())["fault"] == mark("no-shuffling")
    file.write_text(json.dumps({"fault": {"injected": "another"}, "failed": []}))
    assert conformance_of("no-shuffling") is None


def test_a_session_without_verdicts_ends_the_experiment() -> None:
    with pytest.raises(ExperimentFailed, match=r"Expected exit status 0 or 1.*Received: 0"):
        experiment._pytest("--version", decided=())
