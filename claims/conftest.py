"""The textbook's data sets, shared by its claims."""

import pytest

from training_claims import Data
from training_claims.data.sources.imdb import load_imdb
from training_claims.data.sources.mnist import load_mnist
from training_claims.session.session import SETTINGS


@pytest.fixture(scope="session")
def mnist(pytestconfig: pytest.Config) -> Data:
    """The digits that `--claims-mnist` names: x float32 (n, 784) in [0, 1], y int32 (n,)."""
    return load_mnist(pytestconfig.stash[SETTINGS].mnist)


@pytest.fixture(scope="session")
def imdb(pytestconfig: pytest.Config) -> Data:
    """The reviews that `--claims-imdb` names: x sparse float32 (25000, 10000), y int32."""
    return load_imdb(pytestconfig.stash[SETTINGS].imdb)
