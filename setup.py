"""Leaves out of the wheel what only tests need; all else is declared in pyproject.toml."""

from setuptools import setup
from setuptools.command.build_py import build_py


class WithoutTests(build_py):
    """Packages without their unit tests, and without what those share."""

    def find_package_modules(self, package: str, package_dir: str) -> list[tuple[str, str, str]]:
        """Modules to install: (package, module, file)."""
        found = super().find_package_modules(package, package_dir)
        return [each for each in found if not _of_tests(package, each[1])]


def _of_tests(package: str, module: str) -> bool:
    shared = module.startswith("made_") or (package, module) == (
        "training_claims.reports",
        "conftest",
    )
    return module.endswith("_test") or shared


setup(cmdclass={"build_py": WithoutTests})
