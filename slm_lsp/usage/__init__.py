"""What became of what was offered: counted on this machine, never sent anywhere, never any text."""
