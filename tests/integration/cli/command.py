"""Runs the real `cms` command as a process, in a folder of its own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

COMMAND = Path(sys.executable).with_name("cms")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a command said, and how it ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The JSON document that it printed."""
        return json.loads(self.out)


@dataclass(kw_only=True)
class Workplace:
    """A folder with settings, in which commands are run."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    def cms(self, *arguments: str | Path, largest_file_kb: int | None = None) -> Answer:
        """Run a command; with `largest_file_kb` the disk is as good as full beyond it."""
        command = [str(COMMAND), *map(str, arguments)]
        clean = {name: value for name, value in os.environ.items() if not name.startswith("CMS_")}
        if largest_file_kb is not None:
            clean["PYTHONDONTWRITEBYTECODE"] = "1"  # half a file of bytecode would be taken for a whole one
            command = ["bash", "-c", f'trap "" XFSZ; ulimit -f {largest_file_kb}; exec "$@"', "bash", *command]
        ran = subprocess.run(
            command,
            cwd=self.folder,
            env=clean | self.variables,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        return Answer(status=ran.returncode, out=ran.stdout, err=ran.stderr)
