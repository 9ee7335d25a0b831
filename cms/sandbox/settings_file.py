"""The `cms.toml` that connects the system to a running sandbox."""

from pathlib import Path

from cms.sandbox.company_boards import CUSTOMER_BOARD, ORDER_BOARD

_TEMPLATE = """\
# Settings for a sandbox: generated data, nothing leaves this machine.
output = "{folder}"

[warehouse]
url = "sqlite:///{folder}/warehouse.db"

[gate]
data_docs = "{folder}/data_docs"

[planning]
horizon_days = 30
planning_time_fence_days = 3
time_limit_seconds = 20

[monday]
url = "{monday_url}"

[notifications]
planner_recipient = "planner@plant.example"
{webhook}
[notifications.email]
host = "127.0.0.1"
port = {mail_port}
sender = "schedule@plant.example"

[sources.customer_board]
kind = "monday"
dataset = "customers"
board_id = "{customer_board}"
windows_column = "delivery_windows"

[sources.customer_board.fields]
customer_id = "customer_id"
name = "name"
status = {{ column = "status", map = {{ "Active" = "active", "Inactive" = "inactive" }} }}
priority = {{ column = "priority", map = {{ "Key account" = 1, "Preferred" = 2, "Standard" = 3, "Occasional" = 4 }} }}
time_zone = "time_zone"
transit_days = "transit_days"
max_early_days = "max_early_days"
allows_split = {{ column = "allows_split", default = false }}
contact_email = "contact_email"
contact_phone = "contact_phone"
blackout_dates = "blackout_dates"

[sources.customer_board.fields.preferred_channel]
column = "channel"
map = {{ "E-mail" = "email", "Chat" = "chat", "Webhook" = "webhook", "None" = "none" }}

[sources.customer_board.fields.rollout_cohort]
column = "cohort"
map = {{ "Pilot" = "pilot", "Tracking" = "tracking", "Scheduling" = "scheduling" }}
default = "none"

[sources.order_board]
kind = "monday"
dataset = "orders"
board_id = "{order_board}"
precedence = 20

[sources.order_board.fields]
order_id = "name"
customer_id = "customer_id"
order_type = {{ column = "order_type", map = {{ "Standard" = "standard", "Rush" = "rush", "Bulk" = "bulk" }} }}
priority = "priority"
product_family = "product_family"
quantity = "quantity"
ordered_at = "ordered_at"
requested_date = "requested_date"
promised_date = "promised_date"
shipped_at = "shipped_at"
delivered_at = "delivered_at"

[sources.order_board.fields.status]
column = "order_status"

[sources.order_board.fields.status.map]
"New" = "open"
"Planned" = "scheduled"
"In production" = "in_production"
"Shipped" = "shipped"
"Delivered" = "delivered"
"Cancelled" = "cancelled"
"On hold" = "on_hold"

[sources.order_management]
kind = "rest"
dataset = "orders"
url = "{orders_url}"
token_variable = "CMS_ORDERS_TOKEN"
precedence = 10

[sources.order_management.fields]
order_id = "orderNumber"
source_order_id = "orderNumber"
customer_id = "customerNumber"
order_type = {{ column = "type", map = {{ "STD" = "standard", "RUSH" = "rush", "BULK" = "bulk" }} }}
priority = "priorityClass"
product_family = "productFamily"
quantity = "quantity"
ordered_at = "orderedAt"
requested_date = "requestedDate"
promised_date = "promisedDate"
shipped_at = "shippedAt"
delivered_at = "deliveredAt"
source_updated_at = "updatedAt"

[sources.order_management.fields.status]
column = "state"

[sources.order_management.fields.status.map]
"OPEN" = "open"
"PLANNED" = "scheduled"
"IN_WORK" = "in_production"
"SHIPPED" = "shipped"
"DELIVERED" = "delivered"
"CANCELLED" = "cancelled"
"HOLD" = "on_hold"
"""


def sandbox_settings(
    *, monday_url: str, orders_url: str, folder: Path, mail_port: int = 25, webhook_url: str | None = None
) -> str:
    """Settings (TOML) for a sandbox, with warehouse and reports in `folder`.

    Parameters
    ----------
    folder : Path
        As it is written into the settings; a relative one is meant from where the commands are run.
    webhook_url : str, optional
        Apprise address for customers who want webhooks.
    """
    return _TEMPLATE.format(
        folder=folder.as_posix(),
        monday_url=monday_url,
        orders_url=orders_url,
        mail_port=mail_port,
        webhook=f'webhook_url = "{webhook_url}"\n' if webhook_url else "",
        customer_board=CUSTOMER_BOARD,
        order_board=ORDER_BOARD,
    )
