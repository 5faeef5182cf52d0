"""The small process that owns one run: starts its attempts, watches them, records the outcome."""
