"""Every query and mutation that is sent to monday.com, with variables only: nothing is ever built into the text."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """A named query or mutation.

    Parameters
    ----------
    changes : bool
        Whether it changes something: it is then never repeated without a key.
    """

    name: str
    text: str
    changes: bool = False

    @property
    def has_cursor(self) -> bool:
        """Whether it goes on from a cursor, which may have expired."""
        return "$cursor" in self.text


_COST = "complexity { query before after reset_in_x_seconds }"

_ITEM_FIELDS = """
fragment itemFields on Item {
  id name state created_at updated_at
  board { id }
  group { id title }
  column_values(ids: $columns) {
    id type text
    ... on NumbersValue { number }
    ... on StatusValue { index label }
    ... on DropdownValue { values { label } }
    ... on DateValue { date time }
    ... on CheckboxValue { checked }
    ... on EmailValue { email }
    ... on PhoneValue { phone }
    ... on TimelineValue { from to }
    ... on HourValue { hour minute }
    ... on LocationValue { lat lng city country }
    ... on BoardRelationValue { linked_item_ids display_value }
    ... on MirrorValue { display_value }
  }
}
"""

FIRST_PAGE = Operation(
    name="FirstPage",
    text=f"""
query FirstPage($board: ID!, $limit: Int!, $query: ItemsQuery, $columns: [String!]) {{
  {_COST}
  boards(ids: [$board]) {{
    id name state items_count
    columns {{ id title type archived }}
    items_page(limit: $limit, query_params: $query) {{ cursor items {{ ...itemFields }} }}
  }}
}}
{_ITEM_FIELDS}""",
)
"""The first items of a board, in order of last update, with the board's columns."""

NEXT_PAGE = Operation(
    name="NextPage",
    text=f"""
query NextPage($cursor: String!, $limit: Int!, $columns: [String!]) {{
  {_COST}
  next_items_page(cursor: $cursor, limit: $limit) {{ cursor items {{ ...itemFields }} }}
}}
{_ITEM_FIELDS}""",
)
"""The items behind a cursor."""

FIRST_IDS = Operation(
    name="FirstIds",
    text=f"""
query FirstIds($board: ID!, $limit: Int!, $query: ItemsQuery) {{
  {_COST}
  boards(ids: [$board]) {{
    id name state items_count
    items_page(limit: $limit, query_params: $query) {{ cursor items {{ id updated_at }} }}
  }}
}}
""",
)
"""The ids of a board's first items, and when each was last changed: the cheap way to know what is there."""

NEXT_IDS = Operation(
    name="NextIds",
    text=f"""
query NextIds($cursor: String!, $limit: Int!) {{
  {_COST}
  next_items_page(cursor: $cursor, limit: $limit) {{ cursor items {{ id updated_at }} }}
}}
""",
)
"""The ids behind a cursor."""

ITEMS_BY_ID = Operation(
    name="ItemsById",
    text=f"""
query ItemsById($ids: [ID!], $limit: Int!, $columns: [String!]) {{
  {_COST}
  items(ids: $ids, limit: $limit) {{ ...itemFields }}
}}
{_ITEM_FIELDS}""",
)
"""Items by id, at most 100, in whatever state: active, archived or deleted."""

CHANGE_ITEM = Operation(
    name="ChangeItem",
    changes=True,
    text=f"""
mutation ChangeItem($board: ID!, $item: ID!, $values: JSON!, $columns: [String!]) {{
  {_COST}
  change_multiple_column_values(board_id: $board, item_id: $item, column_values: $values) {{ ...itemFields }}
}}
{_ITEM_FIELDS}""",
)
"""Several columns of one item at once; the answer is the item as it stands then."""

BOARDS = Operation(
    name="Boards",
    text=f"""
query Boards($ids: [ID!], $limit: Int!, $page: Int!) {{
  {_COST}
  boards(ids: $ids, limit: $limit, page: $page) {{
    id name state items_count
    columns {{ id title type archived }}
  }}
}}
""",
)
"""Boards with their columns."""

VERSIONS = Operation(
    name="Versions",
    text=f"""
query Versions {{
  {_COST}
  versions {{ kind value display_name }}
}}
""",
)
"""Every API version that is served, and where each stands in its life."""

WEBHOOKS = Operation(
    name="Webhooks",
    text=f"""
query Webhooks($board: ID!) {{
  {_COST}
  webhooks(board_id: $board) {{ id board_id event config }}
}}
""",
)
"""The webhooks of a board."""

CREATE_WEBHOOK = Operation(
    name="CreateWebhook",
    changes=True,
    text=f"""
mutation CreateWebhook($board: ID!, $url: String!, $event: WebhookEventType!, $config: JSON) {{
  {_COST}
  create_webhook(board_id: $board, url: $url, event: $event, config: $config) {{ id board_id event config }}
}}
""",
)
"""A new webhook; monday.com sends a challenge to its address first."""

DELETE_WEBHOOK = Operation(
    name="DeleteWebhook",
    changes=True,
    text=f"""
mutation DeleteWebhook($id: ID!) {{
  {_COST}
  delete_webhook(id: $id) {{ id board_id event config }}
}}
""",
)
"""A webhook less."""

ALL = (
    FIRST_PAGE,
    NEXT_PAGE,
    FIRST_IDS,
    NEXT_IDS,
    ITEMS_BY_ID,
    CHANGE_ITEM,
    BOARDS,
    VERSIONS,
    WEBHOOKS,
    CREATE_WEBHOOK,
    DELETE_WEBHOOK,
)
"""Everything above; a test checks each against the official schema."""
