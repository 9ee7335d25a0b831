"""`python -m tests.benchmarks`: every benchmark of the engine at its smaller sizes."""

from tests.benchmarks import engine

if __name__ == "__main__":
    engine.main()
