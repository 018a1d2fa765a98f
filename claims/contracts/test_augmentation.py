"""Augmentation: images that are changed in training alone, as documented."""

import numpy as np
import pytest

from training_claims import claim
from training_claims.claims.contracts.agreement import ROUNDING, agreement, contract
from training_claims.claims.contracts.laws import ERRORS, lawful, p_value, share

pytestmark = pytest.mark.contract
PAGES = "https://keras.io/api/layers/preprocessing_layers/image_augmentation/"


def images(seed, count, height, width):
    """Of two channels, so far within 0 and 255 that no layer here clips them."""
    rng = np.random.default_rng(seed)
    return rng.uniform(100, 130, size=(count, height, width, 2)).astype("float32")


@contract("training", "inference", numbers=200)
def augmented(seed, name, amount):
    """Images through an augmentation layer, and whether it changed them."""
    import keras

    x = np.random.default_rng(seed).uniform(50, 200, size=(3, 4, 5, 3)).astype("float32")
    layer = getattr(keras.layers, name)(*amount, seed=seed)
    changed = np.max(np.abs(np.asarray(layer(x, training=True)) - x)) > 0.01
    return {"training": (changed, True), "inference": (layer(x, training=False), x)}


AUGMENTATIONS = {
    name: {"name": name, "amount": amount}
    for name, amount in {
        "RandomRotation": ((0.1, 0.2),),
        "RandomZoom": ((0.2, 0.3),),
        "RandomTranslation": ((0.2, 0.3), (0.2, 0.3)),
        "RandomContrast": ((0.4, 0.9),),
        "RandomBrightness": ((0.1, 0.2),),
    }.items()
}


@claim("Augmentation changes images in training, and leaves them in inference", source=PAGES)
def test_augments(judge):
    assert judge(agreement(("training", "inference"), augmented.each(AUGMENTATIONS)))


@contract("flipped", "share", "inference", "cropped", numbers=150 * 12)
def flipped(seed, mode):
    """Images that come out mirrored or not, and crops of them."""
    import keras

    x = np.random.default_rng(seed).uniform(size=(150, 2, 3, 2)).astype("float32")
    layer = keras.layers.RandomFlip(mode, seed=seed)
    out = np.asarray(layer(x, training=True))
    mirrored = x[:, :, ::-1] if mode == "horizontal" else x[:, ::-1]
    turned = np.all(out == mirrored, axis=(1, 2, 3))
    crop = keras.layers.RandomCrop(2, 2, seed=seed)
    parts = np.asarray(crop(x[:5], training=True))
    windows = np.stack([x[:5, :, :2], x[:5, :, 1:]])
    found = np.any(np.all(parts == windows, axis=(2, 3, 4)), axis=0)
    return {
        "flipped": (out, np.where(turned[:, None, None, None], mirrored, x)),
        "share": share(turned, 0.5),
        "inference": (layer(x, training=False), x),
        "cropped": (found, np.ones(5)),
    }


MODES = {mode: {"mode": mode} for mode in ("horizontal", "vertical")}


@claim("RandomFlip gives each image back, or mirrored; in inference back", source=PAGES)
def test_flipped(judge):
    assert judge(agreement(("flipped", "inference"), flipped.each(MODES)))


@claim("RandomFlip mirrors half of the images", source=PAGES)
def test_flipped_share(judge):
    assert judge(agreement("share", flipped.each(MODES), within=ERRORS))


@claim("RandomCrop in training cuts a part out of each image", source=PAGES)
def test_cropped(judge):
    assert judge(agreement("cropped", flipped.each(MODES)))


@contract("image", "within", "law", numbers=100 * 18)
def contrasted(seed):
    """RandomContrast, with the factor of each image as its first channel shows it."""
    import keras
    from scipy.stats import uniform

    x = images(seed, 100, 3, 3)
    out = np.asarray(keras.layers.RandomContrast((0.4, 0.9), seed=seed)(x, training=True))
    apart = x - x.mean((1, 2), keepdims=True, dtype=float)
    first = apart[..., 0]
    factors = np.sum(out[..., 0] * first, axis=(1, 2)) / np.sum(first**2, axis=(1, 2))
    return {
        "image": (out, x - apart + factors[:, None, None, None] * apart),
        "within": ((factors > 0.6 - ROUNDING) & (factors < 1.9 + ROUNDING), np.ones(100)),
        "law": p_value(factors, uniform(0.6, 1.3)),
    }


@contract("image", "within", "law", numbers=100 * 18)
def brightened(seed):
    """RandomBrightness, with what it adds to each image as the first pixel shows it."""
    import keras
    from scipy.stats import uniform

    x = images(seed, 100, 3, 3)
    out = np.asarray(keras.layers.RandomBrightness((-0.2, 0.3), seed=seed)(x, training=True))
    added = np.float64(out - x)[:, :1, :1, :1]
    shares = added.ravel() / 255
    return {
        "image": (out, x + added),
        "within": ((shares > -0.2 - ROUNDING) & (shares < 0.3 + ROUNDING), np.ones(100)),
        "law": p_value(shares, uniform(-0.2, 0.5)),
    }


@claim(
    "RandomContrast multiplies what tells pixels from their channel's mean, within its range",
    source=PAGES,
)
def test_contrast(judge):
    assert judge(agreement(("image", "within"), contrasted()))


@claim("RandomBrightness adds one number within its range to an image", source=PAGES)
def test_brightness(judge):
    assert judge(agreement(("image", "within"), brightened()))


@claim("RandomContrast draws each image's factor evenly from its range", source=PAGES)
def test_contrast_law(judge):
    assert judge(lawful("law", contrasted()))


@claim("RandomBrightness draws what it adds to each image evenly from its range", source=PAGES)
def test_brightness_law(judge):
    assert judge(lawful("law", brightened()))


@contract("turned", numbers=96)
def turned(seed, quarters):
    """Images turned counterclockwise by so many quarters of a circle."""
    import keras

    x = images(seed, 3, 4, 4)
    layer = keras.layers.RandomRotation((quarters / 4, quarters / 4), seed=seed)
    return {"turned": (layer(x, training=True), np.rot90(x, quarters, axes=(1, 2)))}


@contract("moved", numbers=96)
def moved(seed, down, right, fill):
    """Images moved by so many of four rows and columns, by NumPy's name for how they are filled."""
    import keras

    x, names = images(seed, 3, 4, 4), {"edge": "nearest", "symmetric": "reflect"}
    factors = (down / 4, down / 4), (right / 4, right / 4)
    layer = keras.layers.RandomTranslation(*factors, fill_mode=names.get(fill, fill), seed=seed)
    padded = np.pad(x, ((0, 0), (2, 2), (2, 2), (0, 0)), mode=fill)
    oracle = padded[:, 2 - down : 6 - down, 2 - right : 6 - right]
    return {"moved": (layer(x, training=True), oracle)}


@contract("zoomed", numbers=120)
def zoomed(seed, height, width):
    """The middle of images, enlarged so that these shares of it are left, between pixels linear."""
    import keras
    from scipy.ndimage import map_coordinates

    x = images(seed, 3, 5, 4)
    factors = (height - 1, height - 1), (width - 1, width - 1)
    layer = keras.layers.RandomZoom(*factors, seed=seed)
    places = [
        (size - 1) / 2 + (np.arange(size) - (size - 1) / 2) * part
        for size, part in ((5, height), (4, width))
    ]
    grid = np.meshgrid(*places, indexing="ij")
    planes = np.moveaxis(x, 3, 1).reshape(6, 5, 4)
    oracle = np.stack([map_coordinates(plane, grid, order=1) for plane in planes])
    oracle = np.moveaxis(oracle.reshape(3, 2, 5, 4), 1, 3)
    return {"zoomed": (layer(x, training=True), oracle)}


QUARTERS = {f"{quarters} quarters": {"quarters": quarters} for quarters in (1, -1, 2)}
MOVES = {
    f"{down} down, {right} right, {fill}": {"down": down, "right": right, "fill": fill}
    for down, right in ((1, 0), (-2, 1))
    for fill in ("constant", "edge", "symmetric", "wrap")
}
ZOOMS = {
    "both": {"height": 0.5, "width": 0.7},
    "height alone": {"height": 0.6, "width": 1.0},
}


@claim("RandomRotation turns images counterclockwise by shares of a circle", source=PAGES)
def test_rotation(judge):
    assert judge(agreement("turned", turned.each(QUARTERS)))


@claim("RandomTranslation moves images down and right, and fills them as asked", source=PAGES)
def test_translation(judge):
    assert judge(agreement("moved", moved.each(MOVES)))


@claim("RandomZoom enlarges the middle of images where its factors are negative", source=PAGES)
def test_zoom(judge):
    assert judge(agreement("zoomed", zoomed.each(ZOOMS)))
