"""Running things: the vocabulary of an author, and whatever starts and supervises an agent."""
