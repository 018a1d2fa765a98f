"""Rare features and spurious correlations: what a model makes of words that it hardly knows."""

import pytest

from training_claims import (
    Arm,
    Sample,
    claim,
    datasets,
    late,
    losses,
    models,
    rank_correlation,
    transforms,
)

SOURCE = "Rare features and spurious correlations"
REVIEWS, PLANTED = 4_000, 20
RANKS, WORDS = (100, 1_000, 3_000, 7_000), 150


@pytest.fixture(scope="module")
def negative(imdb):
    """An arm that is validated on negative reviews, with or without the planted word."""
    planted = (
        datasets.planted_word(imdb)
        .replace(split=Sample(REVIEWS, validation=1_000))
        .with_transform(transforms.Altered(PLANTED, label=1))
        .with_transform(transforms.ValidateOnPart(400, label=0))
    )
    reviews = {
        "as they are": planted,
        "with the word": planted.with_transform(transforms.AlteredValidation()),
    }
    return lambda how: Arm(
        f"negative reviews {how}",
        reviews[how],
        models.sentiment(16, 16),
        losses.binary_crossentropy,
        epochs=20,
    )


@pytest.fixture(scope="module")
def on_words(imdb):
    """An arm that is validated on reviews of a single word, from some rank on."""
    return lambda rank: Arm(
        f"words from rank {rank} on",
        datasets.single_words(imdb, WORDS, rank=rank).with_transform(transforms.Subset(REVIEWS)),
        models.sentiment(),
        losses.binary_crossentropy,
        epochs=10,
    )


# One review in fifty.
@claim(
    "A word planted in 0.5 % of reviews, all positive, misleads the model on negative ones",
    source=SOURCE,
)
def test_a_planted_word_misleads(judge, negative):
    misled = late("val_accuracy", negative("with the word"))
    assert judge(misled.below(late("val_accuracy", negative("as they are")), by=0.02))


# -0.8, the correlation with one pair of neighbouring ranks swapped, still counts as falling.
@claim("The rarer an informative word, the less often its weight has the right sign", source=SOURCE)
def test_rare_words_have_wrong_signs(judge, on_words):
    doses = {rank: late("val_accuracy", on_words(rank)) for rank in RANKS}
    assert judge(rank_correlation(doses).below(0, by=0.75))
