"""The contracts, and nothing else."""
