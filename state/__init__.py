"""The protocol: the records of a run, their files, what they mean, and watching them."""
