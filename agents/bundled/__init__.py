"""Agents that are useful by themselves, one file each."""
