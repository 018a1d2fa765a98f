"""Rare features and spurious correlations: what a model makes of words that it hardly knows."""

import pytest

from training_claims import Arm, claim, datasets, late, rank_correlation, transforms

SOURCE = "Rare features and spurious correlations"
REVIEWS, PLANTED = 4_000, 20
RANKS, WORDS = (100, 1_000, 3_000, 7_000), 150


@pytest.fixture(scope="module")
def negative(imdb, sentiment):
    """An arm that is validated on negative reviews, with or without the planted word."""
    planted = (
        datasets.planted_word(imdb)
        .with_transform(transforms.sample(REVIEWS, validation=1_000))
        .with_transform(transforms.altered_training(PLANTED, training=REVIEWS, label=1))
        .with_transform(transforms.validated_on_part(400, training=REVIEWS, label=0))
    )
    reviews = {
        "as they are": planted,
        "with the word": planted.with_transform(transforms.altered_validation(training=REVIEWS)),
    }
    return lambda how: Arm(
        f"negative reviews {how}",
        reviews[how],
        sentiment(16, 16),
        epochs=20,
        loss="BinaryCrossentropy",
        validation_split=transforms.held_out(400, training=REVIEWS),
    )


@pytest.fixture(scope="module")
def on_words(imdb, sentiment):
    """An arm that is validated on reviews of a single word, from some rank on."""
    words = datasets.single_words(imdb, per_band=WORDS, bands=RANKS)
    reviews = len(words) - WORDS * len(RANKS)

    def ranked(rank):
        first = reviews + WORDS * RANKS.index(rank)
        part = transforms.validated_on_rows(first, count=WORDS, training=REVIEWS, among=reviews)
        return Arm(
            f"words from rank {rank} on",
            words.with_transform(part),
            sentiment(),
            epochs=10,
            loss="BinaryCrossentropy",
            validation_split=transforms.held_out(WORDS, training=REVIEWS),
        )

    return ranked


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
