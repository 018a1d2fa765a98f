"""Plugs the suite into pytest: everything happens in the two plugins."""

pytest_plugins = ["fixtures.plugin", "reports.plugin"]
