"""Solvers: a training loop × an update rule × a learning-rate policy, with snapshots."""
