"""What a screen is made of; a widget knows no sibling, no app and no file."""
