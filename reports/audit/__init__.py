"""How far verdicts can be trusted: the suite's error rates, tried on seeds that it never uses."""
