"""A SimPy model of the plant that replays demand through the real engine."""
