"""Evaluating a model: how scores mislead, and what makes them better."""

import pytest

from training_claims import (
    Arm,
    Fold,
    Holdout,
    Sample,
    claim,
    datasets,
    final,
    late,
    mean_of,
    models,
    optimizers,
    statistics,
    transforms,
)

LEAKS = "Training, validation and test sets"
FOLDS = "K-fold validation"
CARE = "Things to keep in mind about model evaluation"

SHUFFLES = (0, 1, 2, 3)
RATES = tuple(0.002 * 2 ** (step / 3) for step in range(16))


@pytest.fixture(scope="module")
def picked(mnist):
    """How optimistic the best score of so many networks is: the mean over two sets to pick by."""
    digits = mnist.replace(split=Sample(200, validation=1_000))

    def score(rate, what, count, start):
        data = digits.with_transform(transforms.ValidateOnPart(count, start))
        name, optimizer = f"rate {rate:.2g}, {what}", optimizers.rmsprop(rate)
        arm = Arm(name, data, models.mlp(32), optimizer=optimizer, epochs=20)
        return final("val_accuracy", arm)

    tests = {rate: score(rate, "test", 900, 100) for rate in RATES}
    first, second = (
        {score(rate, f"validated from {start}", 50, start): tests[rate] for rate in RATES}
        for start in (0, 50)
    )
    return lambda among: mean_of(
        statistics.optimism(first, among=among), statistics.optimism(second, among=among)
    )


@pytest.fixture(scope="module")
def error(mnist):
    """How far a way to validate is from the truth, on average of some samples of 100 images."""
    plain = Arm("plain", mnist, models.mlp(), epochs=20, batch_size=16)

    def accuracy(name, data):
        return final("val_accuracy", plain.replace(name=name, data=data))

    def folds(of, number, shuffle):
        images = mnist.with_transform(transforms.Subset(100, start=100 * number))
        return [
            accuracy(
                f"sample {number}, shuffle {shuffle}, fold {k} of {of}",
                images.replace(split=Fold(k, of, shuffle)),
            )
            for k in range(of)
        ]

    def truth(of, number):
        training = 100 - 100 // of
        sample = Sample(training, validation=1_000, start=100 * number)
        return accuracy(f"sample {number}, truth for {training}", mnist.replace(split=sample))

    ways = {
        "hold-out": lambda *split: folds(*split)[-1],
        "K-fold": lambda *split: mean_of(*folds(*split)),
        "iterated K-fold": lambda of, number, _: mean_of(
            *(mean_of(*folds(of, number, each)) for each in SHUFFLES)
        ),
    }
    return lambda way, *, of, samples, shuffles=SHUFFLES[:1]: mean_of(
        *(
            statistics.distance(ways[way](of, number, shuffle), truth(of, number))
            for number in range(samples)
            for shuffle in shuffles
        )
    )


@pytest.fixture(scope="module")
def digits(mnist):
    apart = mnist.replace(split=Sample(500, validation=500))
    return Arm("apart", apart, models.mlp(64), epochs=30)


@pytest.fixture(scope="module")
def process():
    in_order = datasets.drifting_process()
    return Arm("split by time", in_order, models.mlp(32, classes=2), epochs=20)


# Half an image in a hundred.
@claim("The validation score that picked the best of 16 networks is too optimistic", source=LEAKS)
def test_a_picked_score_is_too_good(judge, picked):
    assert judge(picked(16).exceeds(0, by=0.005))


@claim(
    "Picking the best of 16 networks is more optimistic than picking the best of 4", source=LEAKS
)
def test_more_candidates_more_optimism(judge, picked):
    assert judge(picked(16).exceeds(picked(4), by=0))


@claim("On 100 images, K-fold validation errs less than a single hold-out", source=FOLDS)
def test_k_fold_errs_less(judge, error):
    k_fold = error("K-fold", of=5, samples=20)
    assert judge(k_fold.below(error("hold-out", of=5, samples=20), by=0))


# On average of its iterations each alone: whichever is the one that is not repeated. No iteration
# can make it worse; by a quarter of an image in a hundred.
@claim("Two-fold validation errs less when iterated over four shuffles", source=FOLDS)
def test_iterated_k_fold_errs_less(judge, error):
    iterated = error("iterated K-fold", of=2, samples=16)
    assert judge(iterated.below(error("K-fold", of=2, samples=16, shuffles=SHUFFLES), by=0.0025))


# Far: by half.
@claim("Sorting by class before the split ruins validation accuracy", source=CARE)
def test_sorted_by_class(judge, mnist, digits):
    by_class = (transforms.Subset(1_000), transforms.SortedByClass())
    images = mnist.replace(transforms=by_class, split=Holdout(0.5))
    ruined = digits.replace(name="sorted", data=images)
    assert judge(late("val_accuracy", ruined).below(late("val_accuracy", digits), by=0.5))


# One image in a hundred.
@claim("Duplicates across the split inflate validation accuracy", source=CARE)
def test_duplicates_inflate(judge, digits):
    data = digits.data.with_transform(transforms.Leakage(0.2))
    leaking = digits.replace(name="a fifth duplicated", data=data)
    assert judge(late("val_accuracy", leaking).exceeds(late("val_accuracy", digits), by=0.01))


# A third of what it is.
@claim("On a drifting process, a random split scores better than a split by time", source=CARE)
def test_a_random_split_of_a_process(judge, process):
    shuffled = process.data.replace(split=Sample(1_600, validation=400))
    at_random = process.replace(name="split at random", data=shuffled)
    assert judge(late("val_accuracy", at_random).exceeds(late("val_accuracy", process), by=0.03))
