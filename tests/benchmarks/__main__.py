"""Every benchmark, one after the other, each in a process of its own: ``python -m tests.benchmarks [NAME ...]``.

A benchmark that misses what is promised ends with a status other than 0; the others are run all the same.
"""

import subprocess
import sys
import time

BENCHMARKS = {
    "engine": ("engine",),
    "events": ("event_latency",),
    "board": ("monday_sync",),
    "board-at-once": ("monday_sync", "10000", "0"),
    "first-day": ("whole_sync",),
}
"""Name to module of this package and its arguments."""


def main(names: list[str]) -> None:
    """Run those that are named, or all; status 1 where one failed."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        raise SystemExit(f"no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    failed = [name for name in names or BENCHMARKS if not _run(name)]
    if failed:
        raise SystemExit(f"\nfailed: {', '.join(failed)}")


def _run(name: str) -> bool:
    module, *arguments = BENCHMARKS[name]
    print(f"\n== {name}", flush=True)
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", f"tests.benchmarks.{module}", *arguments], check=False)
    print(f"== {name}: {'done' if done.returncode == 0 else 'FAILED'} in {time.perf_counter() - started:.0f} s")
    return done.returncode == 0


if __name__ == "__main__":
    main(sys.argv[1:])
