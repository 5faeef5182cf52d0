"""Pictures of the interface, drawn by the code they show."""
