"""Which failures of a task are worth another try."""

from typing import Any

from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task

from cms.domain.errors import SourceError, StaleScheduleError, WarehouseError

TEMPORARY = (SourceError, WarehouseError, StaleScheduleError, ConnectionError, TimeoutError)
PAUSES_SECONDS: list[float] = [5, 30, 120]


async def is_temporary(task: Task[Any, Any], task_run: TaskRun, state: State[Any]) -> bool:  # noqa: ARG001
    """Whether another try may help: the world was away. What the business refuses, it refuses again."""
    failure = await state.aresult(raise_on_failure=False)
    return isinstance(failure, TEMPORARY)
