"""Customer Master Schedule: every customer order gets a delivery date that can be kept."""

__version__ = "0.1.0"
