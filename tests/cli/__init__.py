"""The command line: each verb as a real process, with its data, its chatter and its exit code."""
