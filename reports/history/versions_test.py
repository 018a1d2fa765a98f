"""Versions in few words, of packages that are made up: nothing is asked for or installed."""

from __future__ import annotations

import pytest
from packaging.version import Version

from training_claims.reports.history import versions
from training_claims.reports.history.versions import expected, listed, path, sources

KNOWN = {
    "keras": ["3.9.0", "3.10.0", "3.11.0", "3.12.0"],
    "tensorflow": ["2.19.1", "2.20.0", "2.21.0"],
    "tf-nightly": [f"2.23.0.dev202610{day}" for day in (24, 25, 27)],
    "keras-nightly": [f"3.16.0.dev202610{day}04" for day in (23, 25, 26, 28)],
}
NIGHTS = [
    "tf-nightly==2.23.0.dev20261025 keras-nightly==3.16.0.dev2026102504",
    "tf-nightly==2.23.0.dev20261027 keras-nightly==3.16.0.dev2026102604",
]


@pytest.fixture(autouse=True)
def made_index(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "known", lambda name, *, nightly: KNOWN[name])  # noqa: ARG005


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("keras==3.10.0", ["keras==3.10.0"]),
        ("keras>=3.10,<3.12; keras==3.11.0", ["keras==3.10.0", "keras==3.11.0"]),
        ("last 2 nightlies", NIGHTS),
        ("last 2 nightlies of keras", [f"keras-nightly==3.16.0.dev202610{d}04" for d in (26, 28)]),
        ("last 1 releases", ["tensorflow==2.21.0"]),
        ("last 1 releases of keras", ["keras==3.12.0"]),
        ("./tensorflow-3-cp311.whl; numpy<3 keras", ["./tensorflow-3-cp311.whl", "numpy<3 keras"]),
    ],
)
def test_versions_are_listed(text: str, found: list[str]) -> None:
    assert listed(text) == found


def test_a_path_goes_over_keras_first_and_then_over_tensorflow() -> None:
    found = path("tensorflow==2.20.0 keras==3.10.0", "keras==3.12.0 tensorflow==2.21.0")
    assert found == [
        "tensorflow==2.20.0 keras==3.10.0",
        "tensorflow==2.20.0 keras==3.11.0",
        "tensorflow==2.20.0 keras==3.12.0",
        "tensorflow==2.21.0 keras==3.12.0",
    ]
    assert path("tf-nightly==2.23.0.dev20261025", "tf-nightly==2.23.0.dev20261027") == NIGHTS


@pytest.mark.parametrize(
    ("old", "new", "received"),
    [
        ("keras==3.10.0", "tensorflow==2.21.0", "of the same packages.*from 'keras==3.10.0' to"),
        ("keras==3.10.0", "keras==3.10.0", "an older and a newer version"),
        ("keras>=3.10.0", "keras==3.12.0", "Expected a pinned version. Received: 'keras>=3.10.0'"),
        ("keras==3.12.0", "keras==3.10.0", "after 3.12.0, which pip finds. Received: 3.10.0"),
        ("keras==3.10.0", "keras==3.11.9", "Received: 3.11.9. See `pip index versions keras`"),
    ],
)
def test_what_is_no_path_is_refused(old: str, new: str, received: str) -> None:
    with pytest.raises(ValueError, match=received):
        path(old, new)


def test_no_versions_are_refused() -> None:
    with pytest.raises(ValueError, match=r"Expected versions. Received: ' ; '. Name requirements"):
        listed(" ; ")


def test_sources_are_release_notes_or_days_of_commits() -> None:
    keras = "https://github.com/keras-team/keras"
    assert list(sources("keras==3.13.2", "keras==3.14.0")) == [
        f"{keras}/releases/tag/v3.14.0",
        f"{keras}/compare/v3.13.2...v3.14.0",
    ]
    assert list(sources(*NIGHTS)) == [
        "https://github.com/tensorflow/tensorflow/commits/?since=2026-10-25&until=2026-10-27",
        f"{keras}/commits/?since=2026-10-25&until=2026-10-26",
    ]


def test_what_requirements_bring_is_known_where_they_pin_it() -> None:
    assert expected(NIGHTS[0]) == {
        "tensorflow": Version("2.23.0-dev20261025"),
        "keras": Version("3.16.0.dev2026102504"),
    }
    told = expected("keras==3.10.0")
    assert told is not None
    assert told["keras"] == Version("3.10.0")
    assert expected("./tensorflow-3-cp311.whl") is None
