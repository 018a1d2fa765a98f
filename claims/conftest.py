"""The textbook's data sets and models, shared by its claims."""

from collections.abc import Callable

import pytest

from training_claims import Data, models
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


@pytest.fixture(scope="session")
def mlp() -> Callable[..., models.Builder]:
    """Builds classifiers of digits: see `models.mlp`."""
    return models.mlp


@pytest.fixture(scope="session")
def sentiment() -> Callable[..., models.Builder]:
    """Builds classifiers of reviews: see `models.sentiment`."""
    return models.sentiment


@pytest.fixture(scope="session")
def convnet() -> Callable[..., models.Builder]:
    """Builds convolutional classifiers of images: see `models.convnet`."""
    return models.convnet


@pytest.fixture(scope="session")
def constant() -> Callable[..., models.Builder]:
    """Builds classifiers that see nothing: see `models.constant`."""
    return models.constant
