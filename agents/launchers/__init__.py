"""Where a supervisor runs, and nothing else."""
