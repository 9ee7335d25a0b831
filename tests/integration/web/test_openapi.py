"""Whatever its OpenAPI allows or forbids, the service answers without breaking, on each engine."""

import os
from typing import Any

import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok

from cms.web.service import create_app
from tests.integration.web.live_service import LiveService

EXAMPLES = int(os.environ.get("CMS_EXAMPLES", "120"))
EVERY_ADDRESS = [
    "/", "/api/orders/{order_id}", "/api/quote", "/api/schedule", "/api/status", "/healthz", "/schedule",
    "/webhooks/monday", "/webhooks/orders",
]  # fmt: skip


def test_the_openapi_names_every_address(live: LiveService) -> None:
    app = create_app(live.service, with_workers=False)

    assert sorted(app.openapi()["paths"]) == EVERY_ADDRESS


def test_no_request_is_answered_with_5xx(live: LiveService) -> None:
    schema = schemathesis.openapi.from_asgi("/openapi.json", create_app(live.service, with_workers=False))
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    cases = st.one_of([one.as_strategy(generation_mode=mode) for one in operations for mode in GenerationMode])
    token = live.token()

    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=cases)
    def ask(case: Case[Any]) -> None:
        answer = case.call(headers={"Authorization": token} if case.path == "/webhooks/monday" else None)

        assert answer.status_code < 500, f"{case.method} {case.formatted_path}: {answer.text}"

    ask()
