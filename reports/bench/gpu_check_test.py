"""`training-claims gpu-check --cpu`, on small claims that are really trained."""

import json
import sys

import pytest

from training_claims.reports.bench import gpu_check
from training_claims.status import Status

COMMAND = (sys.executable, "-m", "training_claims.reports", "gpu-check")
CLAIMS = """
import keras
import numpy as np
from training_claims import Arm, Data, builder, claim, late, statistics

RNG = np.random.default_rng(0)
X = RNG.random((100, 8), np.float32)
DATA = Data("made digits", X, (X[:, 0] > 0.5).astype(np.int32))

@builder
def network(width):
    return keras.Sequential(
        [keras.layers.Dense(width, "relu"), keras.layers.Dense(2, "softmax")]
    )

ARM = Arm("3 units", DATA, network(3), epochs=5, batch_size=32)

@claim("Loss stays below {most}", source="Nowhere")
def test_loss(judge):
    assert judge(late("loss", ARM).below(MOST, by=0))
"""


def test_all_steps_are_taken_and_told(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_XDIST_AUTO_NUM_WORKERS", "1")
    pytester.makepyfile(
        test_conforms=CLAIMS.replace("{most}", "nine").replace("MOST", "9"),
        test_notebook=CLAIMS.replace("{most}", "none").replace("MOST", "0"),
    )
    options = ["--cpu", "--conformance", "test_conforms.py", "--widths", "1,2", "--seeds", "12"]
    said = pytester.run(*COMMAND, "test_notebook.py", *options, "--output", "gpu.json")
    assert said.ret == Status.REFUTED
    found = json.loads((pytester.path / "gpu.json").read_text(encoding="utf-8"))
    counts = [
        (found[name]["decided"], found[name]["supported"]) for name in ("conformance", "claims")
    ]
    assert counts == [(1, 1), (1, 0)]
    timed = found["TF32 off"]["timed"]
    assert [each["replicas"] for each in timed] == [0, 1, 2]
    assert all(each["seconds"] > 0 and each["mib"] > 0 for each in timed)
    page = (pytester.path / "gpu.md").read_text(encoding="utf-8")
    assert "- conformance: 1 of 1 supported" in page
    assert "| 3 units | off | fit |" in page


def test_a_step_that_does_not_end_is_told(
    monkeypatch: pytest.MonkeyPatch, pytester: pytest.Pytester, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(gpu_check, "_pytest", lambda *_: "not ended after 3 s")
    output = str(pytester.path / "gpu.json")
    assert gpu_check.main(["a.py", "--cpu", "--output", output]) == Status.FAULT
    assert "- conformance: not ended after 3 s" in capsys.readouterr().out


def test_without_a_gpu_it_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(gpu_check, "visible_gpus", list)
    with pytest.raises(SystemExit) as ended:
        gpu_check.main(["a.py"])
    assert ended.value.code == Status.USAGE
    assert "expected a GPU that nvidia-smi lists" in capsys.readouterr().err
