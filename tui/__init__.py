"""The picture: the terminal interface and the command line."""
