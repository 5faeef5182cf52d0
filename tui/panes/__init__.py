"""What the panes of the open run say, line by line: one module a pane. Pure."""
