"""What claims were found to be under releases of Keras and TensorFlow, as a file to commit."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from packaging.version import Version

from training_claims.reports import records
from training_claims.session import outputs

NOT_YET = "not decided yet"


@dataclass(frozen=True)
class Release:
    """A release.

    Args:
        name: Its requirements, such as "keras==3.14.0".
        runs_on: All versions of the environment that it was tried in; empty if there is none.
        reason: Why its claims were not decided; empty if they were.
    """

    name: str
    runs_on: str = ""
    reason: str = NOT_YET

    @property
    def order(self) -> tuple[str, Version]:
        """Its package, and its version."""
        package, _, version = self.name.split()[0].partition("==")
        return package, Version(version)


@dataclass(frozen=True)
class Claim:
    """A claim under all releases.

    Args:
        statement: The claim in a sentence.
        identity: A digest of what it compares: another one, and what was found is of another claim.
        known: Where the pinned release's breach is reported; empty if it should hold there.
        found: The releases of which something was found, by its words: "supported", "refuted:" or
            "inconclusive:" and the effect, or the error that left it undecided.
    """

    statement: str
    identity: str
    known: str
    found: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def under(self, release: str) -> str:
        """What was found under a release; empty if nothing."""
        return next((text for text, names in self.found.items() if release in names), "")

    def with_(self, release: str, found: str) -> Claim:
        """With this found under a release, in place of what was."""
        known = {text: [*names] for text, names in self.found.items()}
        for names in known.values():
            if release in names:
                names.remove(release)
        known.setdefault(found, []).append(release)
        kept = {text: tuple(sorted(names)) for text, names in sorted(known.items()) if names}
        return replace(self, found=kept)


@dataclass(frozen=True)
class Record:
    """All claims under all releases.

    Args:
        releases: The releases, in the order of their versions, those to be decided among them.
        claims: By their identities across versions.
    """

    releases: tuple[Release, ...] = ()
    claims: Mapping[str, Claim] = field(default_factory=dict)

    def asked(self, claims: Mapping[str, Claim], *, all_: bool) -> Record:
        """With the claims as they are now: what was found of another identity is left out.

        Args:
            claims: By their identities across versions, with nothing found.
            all_: Whether there are no others, and those of the record are gone.
        """
        kept = {} if all_ else {**self.claims}
        for name, claim in claims.items():
            old = self.claims.get(name)
            same = old is not None and old.identity == claim.identity
            kept[name] = replace(claim, found=old.found) if old and same else claim
        return replace(self, claims=dict(sorted(kept.items())))

    def naming(self, release: Release) -> Record:
        """With a release that is to be decided, unless it is there."""
        there = any(release.name == each.name for each in self.releases)
        return self if there else self.with_release(release)

    def with_release(self, release: Release) -> Record:
        """With a release in place of what was told of it."""
        others = [each for each in self.releases if each.name != release.name]
        return replace(
            self, releases=tuple(sorted([*others, release], key=lambda each: each.order))
        )

    def with_found(self, release: str, found: Mapping[str, str]) -> Record:
        """With what was found of claims, by their identities, under a release."""
        here = found.keys() & self.claims.keys()
        new = {name: self.claims[name].with_(release, found[name]) for name in here}
        return replace(self, claims={**self.claims, **new})

    def lacking(self, release: str, claims: Iterable[str]) -> set[str]:
        """Of which claims nothing was found under a release."""
        return {name for name in claims if not self.claims[name].under(release)}


def read(file: Path) -> Record:
    """The record of a file; an empty one if there is none.

    Raises:
        ValueError: If the file holds something else.
    """
    if not file.is_file():
        return Record()
    try:
        found: Record = records.read(Record, json.loads(file.read_text(encoding="utf-8")))
    except ValueError as fault:
        raise ValueError(
            f"Expected in {file.name} what `training-claims releases` writes. Received: {fault}. "
            "Restore the file, or remove it and decide all anew."
        ) from None
    return found


def write(record: Record, file: Path) -> None:
    """Write a record, a line for each release and each claim."""
    told = records.record_of(record)
    releases = ",\n".join(f"  {json.dumps(each)}" for each in told["releases"])
    claims = ",\n".join(
        f"  {json.dumps(name)}: {json.dumps(each)}" for name, each in told["claims"].items()
    )
    text = f'{{\n "releases": [\n{releases}\n ],\n "claims": {{\n{claims}\n }}\n}}\n'
    outputs.write(file, text)
