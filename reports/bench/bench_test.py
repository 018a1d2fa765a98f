"""`--claims-bench` from the command line, on a small claim that is really trained."""

import json
from collections.abc import Callable

import pytest

from training_claims.status import Status

CLAIMS = """
import keras
import numpy as np
from training_claims import Arm, Data, builder, claim, late

RNG = np.random.default_rng(0)
X = RNG.random((100, 8), np.float32)
DATA = Data("made digits", X, (X[:, 0] > 0.5).astype(np.int32))

@builder  # of a file that only pytest can import
def network(width):
    return keras.Sequential(
        [keras.layers.Dense(width, "relu"), keras.layers.Dense(2, "softmax")]
    )

def arm(width):
    return Arm(f"{width} units", DATA, network(width), epochs=5, batch_size=32)

@claim("Three exceed two", source="Nowhere")
def test_three(judge):
    assert judge(late("accuracy", arm(3)).exceeds(late("accuracy", arm(2)), by=0))

@claim("Three exceed chance", source="Nowhere")
def test_chance(judge):
    assert judge(late("accuracy", arm(3)).exceeds(0.5, by=0))
"""

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester) -> Run:
    def run_claims(*options: str, claims: str = CLAIMS) -> pytest.RunResult:
        pytester.makepyfile(claims)
        return pytester.runpytest_subprocess("-p", "no:allure_pytest", *options)

    return run_claims


def test_every_arm_is_measured_once_and_no_claim_is_decided(
    run: Run, pytester: pytest.Pytester
) -> None:
    outcome = run(
        "-n", "0", "-rs", "--claims-bench", "out/bench.json", "--claims-bench-workers", "2"
    )
    outcome.assert_outcomes(skipped=2)
    outcome.stdout.fnmatch_lines(
        ["*arm *", "MADE: 3 units *", "MADE: 2 units *", "total: all *", "*gathered by *-bench"]
    )
    figures = json.loads((pytester.path / "out" / "bench.json").read_text(encoding="utf-8"))
    assert [arm["name"] for arm in figures["arms"]] == ["3 units", "2 units"]
    assert figures["options"]["workers"] == 2
    first = figures["arms"][0]
    # 80 examples train, 20 validate; 8 to 3 units, then 3 to 2.
    assert first["epoch_flop"] == 2 * 24 * (2 * 80 + 20) + 2 * 6 * (3 * 80 + 20)
    assert [*first["seconds"]] == ["stock", "tuned", "compiled"]
    assert all(figure > 0 for figure in (*first["seconds"].values(), first["ratio"]))
    assert first["options"].startswith("jit_compile=")
    assert [len(part["arms"]) for part in figures["processes"]] == [2, 2, 2, 2]
    assert not (pytester.path / ".claims").exists()


def test_an_arm_that_no_other_process_can_be_given_is_told(run: Run) -> None:
    inside = CLAIMS.replace("DATA, network(width)", "DATA, lambda: network(width).build()")
    outcome = run("-n", "0", "--claims-bench", "bench.json", claims=inside)
    assert outcome.ret == Status.FAULT
    told = "*--claims-bench: Expected arms that another process can be given. Received: *"
    outcome.stdout.fnmatch_lines([told])


def test_a_claim_that_goes_wrong_is_told_and_nothing_is_measured(
    run: Run, pytester: pytest.Pytester
) -> None:
    outcome = run(
        "-n", "0", "--claims-bench", "bench.json", claims=CLAIMS.replace("epochs=5", "epochs=0")
    )
    outcome.assert_outcomes(failed=2)
    assert not (pytester.path / "bench.json").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["-n", "2", "--claims-bench", "bench.json"],
            "--claims-bench: expected -n 0, since all*Received: -n 2",
        ),
        (
            ["--claims-bench-workers", "0"],
            "--claims-bench-workers: expected a whole number*Received: '0'",
        ),
    ],
)
def test_options_that_cannot_be_used_are_refused(
    run: Run, options: list[str], message: str
) -> None:
    outcome = run(*options)
    assert outcome.ret == pytest.ExitCode.USAGE_ERROR
    outcome.stderr.fnmatch_lines([f"ERROR: {message}"])
