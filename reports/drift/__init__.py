"""Drift: whether arms train as a saved baseline did."""
