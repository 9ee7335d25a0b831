// Does with monday.com's own JavaScript client what a program would do, and prints what came back as one JSON line.
const { createRequire } = require("node:module");

const [modules, endpoint, token, board] = process.argv.slice(2);
const { ApiClient } = createRequire(`${modules}/`)("@mondaydotcomorg/api");
const client = new ApiClient({ token, endpoint, apiVersion: "2026-10" });

const FIRST =
  "query ($board: [ID!]!) { boards(ids: $board) { items_page(limit: 10) { cursor items { id name } } } }";
const NEXT = "query ($cursor: String!) { next_items_page(cursor: $cursor, limit: 10) { cursor items { id name } } }";

async function main() {
  const me = await client.operations.getMeOp();
  const first = (await client.request(FIRST, { board: [board] })).boards[0].items_page;
  const names = first.items.map((item) => item.name);
  for (let cursor = first.cursor; cursor; ) {
    const page = (await client.request(NEXT, { cursor })).next_items_page;
    names.push(...page.items.map((item) => item.name));
    cursor = page.cursor;
  }
  const changed = await client.operations.changeMultipleColumnValuesOp({
    boardId: board,
    itemId: first.items[0].id,
    columnValues: JSON.stringify({ transit_days: "9" }),
  });
  const refused = await client.request("{ boards { shoe_size } }").catch((error) => error.response.errors[0]);
  console.log(JSON.stringify({ me: me.me.name, names, changed: changed.change_multiple_column_values.id, refused }));
}

main();
