"""What fills the terminal, one file and one style sheet each."""
