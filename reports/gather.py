"""Sessions that gather claims instead of deciding them, and then act on all of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import ClassVar

import pytest

from training_claims.arm import Arm
from training_claims.evidence.statistic import Comparison


@dataclass(eq=False)  # pytest keeps plugins in a set
class Gathering(ABC):
    """A pytest plugin that takes note of what each claim compares, and skips it.

    Args:
        config: pytest's.
        lines: What to print at the end, under the option's name.
    """

    option: ClassVar[str]  # such as "--claims-bench"
    config: pytest.Config
    lines: list[str] = field(default_factory=list, init=False)

    @abstractmethod
    def take(self, item: pytest.Item, comparison: Comparison) -> None:
        """Take note of a claim."""

    @abstractmethod
    def act(self) -> int:
        """What is done once every claim has asked and none went wrong; how much of it failed."""

    def register(self) -> None:
        """Begin to gather.

        Raises:
            pytest.UsageError: If claims would be asked in several processes.
        """
        if count := getattr(self.config.option, "numprocesses", None):
            raise pytest.UsageError(
                f"{self.option}: expected -n 0, since all claims are gathered in one process. "
                f"Received: -n {count}"
            )
        self.config.pluginmanager.register(self, f"gathered by {self.option}")

    def pytest_claim_asked(self, item: pytest.Item, comparison: Comparison) -> None:
        """Take note of a claim, and skip it."""
        self.take(item, comparison)
        pytest.skip(f"gathered by {self.option}")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Act; what fails then fails the session."""
        outcome = yield
        if not session.testsfailed:
            session.testsfailed = self.act()
        return outcome

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print what was found."""
        if self.lines:
            terminalreporter.section(self.option.removeprefix("--claims-"))
        for line in self.lines:
            terminalreporter.write_line(line)


@dataclass(eq=False)
class GatheringArms(Gathering):
    """Takes note of each arm once; experiments train as they please.

    Args:
        arms: Those that claims have asked about, by fingerprint; gathered.
    """

    arms: dict[str, Arm] = field(default_factory=dict, init=False)

    def take(self, item: pytest.Item, comparison: Comparison) -> None:  # noqa: ARG002
        """Take note of a claim's arms."""
        for arm in comparison.arms:
            if isinstance(arm, Arm):
                self.arms.setdefault(arm.fingerprint(), arm)
