"""How the project's own tests draw inputs. The plugins come with the installed distribution."""

from contextlib import suppress

with suppress(ImportError):  # claims need no Hypothesis
    from hypothesis import settings

    # `make test` draws the same inputs each time, so that it fails for changes only;
    # `make fuzz` draws others each time, and many.
    settings.register_profile("test", deadline=None, derandomize=True, database=None)
    settings.register_profile("fuzz", deadline=None, max_examples=10_000, print_blob=True)
    settings.load_profile("test")
