"""Contracts under made releases: environments that are this one, sessions that are said."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from filelock import FileLock

from training_claims.reports.upgrade import release_record, release_table, releases
from training_claims.reports.upgrade.environments import (
    Environment,
    UnusableVersion,
    Versions,
    each_tried,
)
from training_claims.reports.upgrade.release_record import NOT_YET, Claim, Record, Release

Session = dict[str, Any]
RUNS_ON = Versions("2.21.0", "3.14.0", "2.4.6", "3.11.7", 0)
SUM, STOP, NEW = "test_p.py::test_sum", "test_p.py::test_stop", "test_q.py::test_new"
IDS = {SUM: "p.sum", STOP: "p.stop", NEW: "q.new"}


class MadeEnvironment(Environment):
    """Installs nothing."""

    def make(self) -> bool:
        if self.requirements == ("keras==9.9",):
            raise UnusableVersion(
                f"Expected keras==9.9.\n{Path.cwd()}/x https://host/simple said no"
            )
        return True

    def probe(self) -> Versions:
        return RUNS_ON


def told(nodeid: str, verdict: str = "supported +0") -> dict[str, str]:
    return {"id": IDS[nodeid], "verdict": verdict, "effect": f"{verdict.split()[1]} [-1, +1]"}


class Made:
    """What claims there are, what sessions say, and how they were started."""

    def __init__(self) -> None:
        self.identities = dict.fromkeys(IDS, "1")
        self.sessions: dict[str, Session] = {}
        self.started: list[tuple[str, tuple[str, ...]]] = []

    def asked(self, args: Sequence[str]) -> Mapping[str, tuple[str, Claim]]:
        chosen = {at: id_ for at, id_ in IDS.items() if not args or args[-1] in at}
        return {at: (id_, Claim(f"{id_}!", self.identities[at], "")) for at, id_ in chosen.items()}

    def session(self, environment: Environment, args: Sequence[str]) -> Session:
        name = environment.requirements[0]
        self.started.append((name, tuple(args)))
        chosen = [told(at) for at in IDS if "-k" not in args or args[-1] in at]
        return self.sessions.get(name, {"claims": chosen, "undecided": {}})


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Made:
    made = Made()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pytest.ini").touch()
    monkeypatch.setattr(releases, "Environment", MadeEnvironment)
    monkeypatch.setattr(releases, "_asked", made.asked)
    monkeypatch.setattr(releases, "_session", made.session)
    there = ["keras==3.13.2", "keras==3.14.0"]
    monkeypatch.setattr(releases, "all_releases", lambda: there)
    return made


def found() -> Record:
    return release_record.read(Path(".claims/releases.json"))


def test_releases_are_decided_together_where_that_is_asked_for(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = Barrier(2, timeout=60)

    def session(environment: Environment, args: Sequence[str]) -> Session:
        both.wait()  # breaks unless the other runs, too
        return made.session(environment, args)

    monkeypatch.setattr(releases, "_session", session)
    assert releases.main(["--together", "2"]) == 0
    assert found().claims["p.sum"].found == {"supported": ("keras==3.13.2", "keras==3.14.0")}


def test_no_version_is_begun_after_a_fault() -> None:
    begun = list[int]()

    def fails(version: int) -> None:
        begun.append(version)
        time.sleep(0.01)  # or all have ended before any can be called off
        raise OSError(version)

    with pytest.raises(OSError, match="0"):
        next(each_tried(range(1000), fails, 1))
    assert len(begun) < 1000


def test_every_release_is_decided_and_what_is_in_the_record_is_not_again(made: Made) -> None:
    assert releases.main([]) == 0
    assert [name for name, _ in made.started] == ["keras==3.14.0", "keras==3.13.2"]
    assert found().claims["p.sum"].found == {"supported": ("keras==3.13.2", "keras==3.14.0")}
    assert [each.runs_on for each in found().releases] == [str(RUNS_ON)] * 2
    assert releases.main([]) == 0
    assert len(made.started) == 2


def test_a_claim_that_is_another_one_since_is_decided_anew_with_its_file(made: Made) -> None:
    assert releases.main(["--versions", "keras==3.14.0"]) == 0
    made.identities[SUM] = "2"
    assert releases.main(["--versions", "keras==3.14.0"]) == 0
    assert made.started[-1][1] == ("-m", "contract", "--deselect=test_q.py::")


ON_A_CLUSTER = (
    "training_claims.cluster.source.TrainingFailed: Failed more than once, on vm (10.0.0.1, node "
    "eea33b66) at last: AttributeError: no Stop (/a/b.py:15, in get). Arm 'stop' has no run [...]"
)


def test_a_lost_node_says_nothing_of_a_claim(made: Made) -> None:
    lost = "TrainingFailed: Failed more than once, on a node that is lost at last: killed."
    made.sessions["keras==3.14.0"] = {"claims": [told(SUM)], "undecided": {STOP: lost}}
    assert releases.main(["--versions", "keras==3.14.0"]) == 0
    assert found().lacking("keras==3.14.0", IDS.values()) == {"p.stop"}


@pytest.mark.parametrize("lacks", ["AttributeError: no Stop", ON_A_CLUSTER])
def test_what_is_missing_is_no_refutation(made: Made, lacks: str) -> None:
    made.sessions["keras==3.14.0"] = {
        "claims": [told(SUM, "refuted +0.31")],
        "undecided": {STOP: lacks, "test_q.py": "SyntaxError"},
    }
    made.sessions["keras==3.13.2"] = {
        "claims": [told(SUM), told(NEW)],
        "undecided": {STOP: "worker gw1 died"},
    }
    assert releases.main(["--versions", "keras==3.13.2"]) == 0
    assert found().lacking("keras==3.13.2", IDS.values()) == {"p.stop"}
    assert releases.main(["--versions", "keras==3.14.0"]) == 0
    words = {name: claim.under("keras==3.14.0") for name, claim in found().claims.items()}
    assert words == {
        "p.sum": "refuted: +0.31 [-1, +1]",
        "p.stop": "AttributeError: no Stop",
        "q.new": "SyntaxError",
    }
    kinds = {name: release_table.kind(word) for name, word in words.items()}
    assert kinds == {"p.sum": "refuted", "p.stop": "not there", "q.new": "fails"}


@pytest.mark.usefixtures("made")
def test_a_release_that_cannot_be_installed_is_told_and_the_others_go_on() -> None:
    assert releases.main(["--versions", "keras==9.9", "keras==3.14.0"]) == 0
    there, broken = found().releases
    assert (there.name, there.reason) == ("keras==3.14.0", "")
    assert broken.reason == "Expected keras==9.9. ./x ... said no"
    assert found().lacking("keras==9.9", IDS.values()) == {*IDS.values()}


def test_a_part_of_the_claims_leaves_what_was_found_of_the_others(made: Made) -> None:
    assert releases.main(["--versions", "keras==3.14.0"]) == 0
    assert releases.main(["--versions", "keras==3.13.2", "--args=-k sum"]) == 0
    assert made.started[-1] == ("keras==3.13.2", ("-m", "contract", "-k", "sum"))
    assert found().claims["q.new"].found == {"supported": ("keras==3.14.0",)}


@pytest.mark.usefixtures("made")
@pytest.mark.parametrize("name", ["keras", "keras-3.14", " "])
def test_what_names_no_version_is_refused(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="4"):
        releases.main(["--versions", name])
    assert 'Expected a release such as "keras==3.14.0"' in capsys.readouterr().err


@pytest.mark.usefixtures("made")
def test_a_second_run_at_once_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    Path(".claims").mkdir()
    with FileLock(".claims/.releases.lock"), pytest.raises(SystemExit, match="4"):
        releases.main([])
    assert "Expected no other run of it here." in capsys.readouterr().err


@pytest.mark.usefixtures("made")
def test_another_file_is_not_overwritten(capsys: pytest.CaptureFixture[str]) -> None:
    Path("other.json").write_text('{"claims": []}')
    with pytest.raises(SystemExit, match="4"):
        releases.main(["--record", "other.json"])
    assert "Expected in other.json what `training-claims releases` writes." in (
        capsys.readouterr().err
    )
    assert Path("other.json").read_text() == '{"claims": []}'


def test_the_ends_of_minor_versions_come_first() -> None:
    names = ["3.9.0", "3.9.1", "3.9.2", "3.10.0", "3.10.1"]
    order = [each.name[7:] for each in releases.in_order(Release(f"keras=={n}") for n in names)]
    assert order == ["3.10.1", "3.9.2", "3.10.0", "3.9.0", "3.9.1"]


def test_releases_from_the_first_of_keras_3_on(monkeypatch: pytest.MonkeyPatch) -> None:
    there = {"keras": ["2.15.0", "3.0.0", "3.1.0"], "tensorflow": ["2.15.1", "2.16.1"]}
    monkeypatch.setattr(releases, "available", there.__getitem__)
    assert releases.all_releases() == ["keras==3.0.0", "keras==3.1.0", "tensorflow==2.16.1"]


def test_claims_are_asked_here_and_none_is_decided(
    drifting: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(drifting.path)
    every = releases._asked(("-m", "", "-Wignore::pytest.PytestAssertRewriteWarning"))
    told = {name: claim.statement for name, claim in every.values()}
    assert told["noise_channels.ends"] == "Ends above zero"
    assert len({claim.identity for _, claim in every.values()}) == len(every) > 1
    assert not (drifting.path / ".claims").exists()
    with pytest.raises(releases.CannotBeAsked, match="Received: 0, and pytest's status 5"):
        releases._asked(("-Wignore::pytest.PytestAssertRewriteWarning",))


def test_a_session_without_a_record_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    environment = Environment(("keras==3.14.0",), tmp_path)
    environment.python.parent.mkdir(parents=True)
    environment.python.write_text("#!/bin/sh\nexit 4\n")
    environment.python.chmod(0o755)
    with pytest.raises(UnusableVersion, match="ended with status 4 and no record"):
        releases._session(environment, [])


def test_the_page_shows_what_changed_and_counts_the_rest() -> None:
    record = Record(
        (
            Release("keras==3.13.2", str(RUNS_ON), ""),
            Release("keras==3.14.0", str(RUNS_ON), ""),
            Release("keras==3.15.0", reason=NOT_YET),
        ),
        {
            "c.p.sum": Claim(
                "Summed",
                "1",
                "issues/1",
                {"refuted: +0.31": ("keras==3.13.2",), "supported": ("keras==3.14.0",)},
            ),
            "c.p.new": Claim(
                "New",
                "1",
                "",
                {"AttributeError: none": ("keras==3.13.2",), "supported": ("keras==3.14.0",)},
            ),
            "c.p.same": Claim("Same", "1", "", {"supported": ("keras==3.13.2", "keras==3.14.0")}),
        },
    )
    page = [*release_table.lines(record)]
    assert "under 2 of 3 releases so far" in page[0]
    changes = page[page.index("## What changed") + 4 :]
    told = "| keras==3.14.0, after 3.13.2 | Summed | refuted: +0.31 | supported | issues/1 |"
    assert changes[:2] == [told, ""]  # a claim that could not be asked has not changed
    assert "| Summed | **✗** | ✓ |" in page
    assert "| New | - | ✓ |" in page
    assert not any("| Same |" in line for line in page)
    assert "| p | 2 | 1 |" in page
    assert f"| keras==3.15.0 | {NOT_YET} |  |  |  |  |" in page
