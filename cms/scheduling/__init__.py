"""The engine: a scheduling problem in, a schedule with its proof out."""
