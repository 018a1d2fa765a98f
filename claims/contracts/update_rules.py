"""The documented update rule of every optimizer: weights, gradient, step, slots, options."""

# ruff: noqa: ARG001 -- a rule is given what any of them needs.

from types import SimpleNamespace

import numpy as np

MOMENTS = {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}
# Each optimizer's documented defaults.
DEFAULTS = {
    "SGD": {"learning_rate": 0.01, "momentum": 0.0, "nesterov": False},
    "RMSprop": {
        "learning_rate": 1e-3,
        "rho": 0.9,
        "momentum": 0.0,
        "epsilon": 1e-7,
        "centered": False,
    },
    "Adam": {"learning_rate": 1e-3, "amsgrad": False} | MOMENTS,
    "AdamW": {"learning_rate": 1e-3, "weight_decay": 0.004, "amsgrad": False} | MOMENTS,
    "Adamax": {"learning_rate": 1e-3} | MOMENTS,
    "Nadam": {"learning_rate": 1e-3} | MOMENTS,
    "Adagrad": {"learning_rate": 1e-3, "initial_accumulator_value": 0.1, "epsilon": 1e-7},
    "Adadelta": {"learning_rate": 1e-3, "rho": 0.95, "epsilon": 1e-7},
    "Ftrl": {
        "learning_rate": 1e-3,
        "learning_rate_power": -0.5,
        "initial_accumulator_value": 0.1,
        "l1_regularization_strength": 0.0,
        "l2_regularization_strength": 0.0,
        "l2_shrinkage_regularization_strength": 0.0,
        "beta": 0.0,
    },
    "Lion": {"learning_rate": 1e-3, "beta_1": 0.9, "beta_2": 0.99},
    "Lamb": {"learning_rate": 1e-3} | MOMENTS,
    "Adafactor": {
        "learning_rate": 1e-3,
        "beta_2_decay": -0.8,
        "epsilon_1": 1e-30,
        "epsilon_2": 1e-3,
        "clip_threshold": 1.0,
        "relative_step": True,
    },
    "ScheduleFreeAdamW": {"learning_rate": 0.0025} | MOMENTS | {"epsilon": 1e-8},
    "Muon": {
        "learning_rate": 1e-3,
        "weight_decay": 0.004,
        "adam_weight_decay": 0.004,
        "momentum": 0.95,
        "nesterov": True,
        "ns_steps": 5,
        "rms_rate": 0.2,
        "muon_a": 3.4445,
        "muon_b": -4.775,
        "muon_c": 2.0315,
        "adam_lr_ratio": 1,
        "adam_beta_1": 0.9,
        "adam_beta_2": 0.999,
        "epsilon": 1e-7,
    },
}


def average(slots, name, value, kept):
    """The slot's exponential moving average, which starts at zero."""
    slots[name] = kept * slots.get(name, 0) + (1 - kept) * value
    return slots[name]


def sgd(w, g, t, s, o):
    s["m"] = o.momentum * s.get("m", 0) - o.learning_rate * g
    return w + (o.momentum * s["m"] - o.learning_rate * g if o.nesterov else s["m"])


def rmsprop(w, g, t, s, o, hat=False):
    variance = average(s, "v", g**2, o.rho)
    if o.centered:
        variance = variance - average(s, "a", g, o.rho) ** 2
    root = np.sqrt(variance) + o.epsilon if hat else np.sqrt(variance + o.epsilon)
    s["m"] = o.momentum * s.get("m", 0) + o.learning_rate * g / root
    return w - s["m"]


def rmsprop_hat(w, g, t, s, o):
    return rmsprop(w, g, t, s, o, hat=True)


def adam(w, g, t, s, o):
    m, v = average(s, "m", g, o.beta_1), average(s, "v", g**2, o.beta_2)
    s["top"] = np.maximum(s.get("top", 0), v)
    rate = o.learning_rate * np.sqrt(1 - o.beta_2**t) / (1 - o.beta_1**t)
    return w - rate * m / (np.sqrt(s["top"] if o.amsgrad else v) + o.epsilon)


def adamax(w, g, t, s, o):
    m = average(s, "m", g, o.beta_1)
    s["u"] = np.maximum(o.beta_2 * s.get("u", 0), np.abs(g))
    return w - o.learning_rate / (1 - o.beta_1**t) * m / (s["u"] + o.epsilon)


def nadam(w, g, t, s, o):
    m, v = average(s, "m", g, o.beta_1), average(s, "v", g**2, o.beta_2)
    now, ahead = (o.beta_1 * (1 - 0.5 * 0.96**step) for step in (t, t + 1))
    s["product"] = s.get("product", 1) * now
    hat = ahead * m / (1 - s["product"] * ahead) + (1 - now) * g / (1 - s["product"])
    return w - o.learning_rate * hat / (np.sqrt(v / (1 - o.beta_2**t)) + o.epsilon)


def adagrad(w, g, t, s, o):
    s["n"] = s.get("n", o.initial_accumulator_value) + g**2
    return w - o.learning_rate * g / np.sqrt(s["n"] + o.epsilon)


def adadelta(w, g, t, s, o):
    square = average(s, "g", g**2, o.rho)
    change = -np.sqrt(s.get("x", 0) + o.epsilon) / np.sqrt(square + o.epsilon) * g
    average(s, "x", change**2, o.rho)
    return w + o.learning_rate * change


def ftrl(w, g, t, s, o, doubled=1):
    before = s.get("n", o.initial_accumulator_value)
    s["n"] = before + g**2
    power, l1 = -o.learning_rate_power, o.l1_regularization_strength
    sigma = (s["n"] ** power - before**power) / o.learning_rate
    shrunk = g + 2 * o.l2_shrinkage_regularization_strength * w
    z = s["z"] = s.get("z", 0) + shrunk - sigma * w
    slope = (o.beta + s["n"] ** power) / o.learning_rate
    slope = slope + doubled * o.l2_regularization_strength
    return np.where(np.abs(z) < l1, 0, (np.sign(z) * l1 - z) / slope)


def ftrl_doubled(w, g, t, s, o):
    return ftrl(w, g, t, s, o, doubled=2)


def lion(w, g, t, s, o):
    before = s.get("m", 0)
    average(s, "m", g, o.beta_2)
    return w - o.learning_rate * np.sign(o.beta_1 * before + (1 - o.beta_1) * g)


def lamb(w, g, t, s, o):
    m, v = average(s, "m", g, o.beta_1), average(s, "v", g**2, o.beta_2)
    step = m / (1 - o.beta_1**t) / (np.sqrt(v / (1 - o.beta_2**t)) + o.epsilon)
    size = np.linalg.norm(w)
    return w - o.learning_rate * (size / np.linalg.norm(step) if size else 1) * step


def adafactor(w, g, t, s, o):
    kept, square = 1 - float(t) ** o.beta_2_decay, g**2 + o.epsilon_1
    if w.ndim < 2:
        v = average(s, "v", square, kept)
    else:
        rows = average(s, "r", square.mean(-1, keepdims=True), kept)
        columns = average(s, "c", square.mean(-2, keepdims=True), kept)
        v = rows * columns / rows.mean(-2, keepdims=True)
    step = g / np.sqrt(v)
    clipped = step / max(1, np.sqrt(np.mean(step**2)) / o.clip_threshold)
    rate = min(o.learning_rate, t**-0.5) if o.relative_step else o.learning_rate
    return w - max(o.epsilon_2, np.sqrt(np.mean(w**2))) * rate * clipped


def schedule_free(w, g, t, s, o):
    fast, slow = s.get("fast", w), s.get("slow", w)
    root = np.sqrt(average(s, "v", g**2, o.beta_2) / (1 - o.beta_2**t)) + o.epsilon
    fast = s["fast"] = fast - o.learning_rate * g / root
    slow = s["slow"] = slow + (fast - slow) / t
    return (1 - o.beta_1) * fast + o.beta_1 * slow


def muon(w, g, t, s, o):
    if w.ndim != 2:
        return muon_by_adamw(w, g, t, s, o)
    s["m"] = o.momentum * s.get("m", 0) + g
    x = orthogonal(g + o.momentum * s["m"] if o.nesterov else s["m"], o)
    size = 1 if o.rms_rate is None else o.rms_rate * np.sqrt(max(w.shape))
    return w - o.learning_rate * (o.weight_decay * w + size * x)


def muon_by_adamw(w, g, t, s, o):
    shrunk = w * (1 - o.learning_rate * o.adam_weight_decay)
    own = {"learning_rate": o.learning_rate * o.adam_lr_ratio, "amsgrad": False}
    own |= {"beta_1": o.adam_beta_1, "beta_2": o.adam_beta_2, "epsilon": o.epsilon}
    return adam(shrunk, g, t, s, SimpleNamespace(**own))


def orthogonal(x, o):
    """Newton and Schulz's iteration in Muon's three coefficients."""
    wide = x if x.shape[0] <= x.shape[1] else x.T
    wide = wide / (np.linalg.norm(wide) + 1e-7)
    for _ in range(o.ns_steps):
        gram = wide @ wide.T
        wide = o.muon_a * wide + (o.muon_b * gram + o.muon_c * gram @ gram) @ wide
    return wide if x.shape[0] <= x.shape[1] else wide.T


RULES = {
    "SGD": sgd,
    "RMSprop": rmsprop,
    "RMSprop, epsilon hat": rmsprop_hat,
    "Adam": adam,
    "AdamW": adam,
    "Adamax": adamax,
    "Nadam": nadam,
    "Adagrad": adagrad,
    "Adadelta": adadelta,
    "Ftrl": ftrl,
    "Ftrl, twice the L2": ftrl_doubled,
    "Lion": lion,
    "Lamb": lamb,
    "Adafactor": adafactor,
    "Muon": muon,
    "Muon, by AdamW": muon_by_adamw,
    "ScheduleFreeAdamW": schedule_free,
}


def trained(name, weights, gradients, rule=None, **options):
    """The weights after each step, by the rule; `gradients` has each step's list of them."""
    options, slots = SimpleNamespace(**DEFAULTS[name] | options), [{} for _ in weights]
    # Muon has two decays, one for what AdamW steps.
    decay = 0 if name == "Muon" else getattr(options, "weight_decay", 0)
    steps = []
    for t, step in enumerate(gradients, 1):
        shrunk = [w * (1 - options.learning_rate * decay) for w in weights]
        triples = zip(shrunk, step, slots, strict=True)
        weights = [RULES[rule or name](w, g, t, s, options) for w, g, s in triples]
        steps.append(weights)
    return steps
