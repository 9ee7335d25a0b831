"""Every deployment of prefect.yaml in one process, for one machine: `python -m flows.serve`."""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from prefect import Flow, serve
from prefect.client.schemas.objects import ConcurrencyLimitConfig
from prefect.deployments.runner import RunnerDeployment

PREFECT_YAML = Path(__file__).parents[1] / "prefect.yaml"


def deployments(path: Path = PREFECT_YAML) -> list[RunnerDeployment]:
    """The deployments that prefect.yaml lists, with its schedules and limits."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    return [_deployment(listed) for listed in document["deployments"]]


def entrypoint(text: str) -> Flow[Any, Any]:
    """The flow that an entrypoint (``flows/order_sync.py:order_sync``) names."""
    file, _, name = text.partition(":")
    flow = getattr(importlib.import_module(file.removesuffix(".py").replace("/", ".")), name)
    if not isinstance(flow, Flow):
        message = f"{text} is no flow"
        raise TypeError(message)
    return flow


def _deployment(listed: Mapping[str, Any]) -> RunnerDeployment:
    (schedule,) = listed["schedules"]
    limit = listed.get("concurrency_limit")
    return RunnerDeployment.from_flow(
        entrypoint(listed["entrypoint"]),
        name=listed["name"],
        interval=schedule.get("interval"),
        cron=schedule.get("cron"),
        concurrency_limit=ConcurrencyLimitConfig(**limit) if limit else None,
    )


if __name__ == "__main__":
    serve(*deployments())
