// The log as a table, newest first, read again every two seconds while live.

const kRows = 300;
const kRefreshMs = 2000;

const $ = (id) => document.getElementById(id);
const filters = $("filters");
let live = true;
let reading = false;

function cell(row, text, className = "") {
  const element = row.insertCell();
  element.textContent = text;
  element.className = className;
}

function makeRow(record) {
  const row = document.createElement("tr");
  const call = record.kind === "api";
  row.className = record.kind + (call && record.status >= 500 ? " failed" : "");
  const time = new Date(record.time_us / 1000);
  cell(row, time.toLocaleTimeString("en-GB") + "." + String(time.getMilliseconds()).padStart(3, "0"));
  cell(row, record.worker);
  cell(row, call ? record.method : record.operation, "verb");
  cell(row, call ? record.endpoint : record.table, "subject");
  cell(row, call ? record.status : `${record.rows} ${record.rows === 1 ? "row" : "rows"}`, "number");
  cell(row, (record.duration_us / 1000).toFixed(2), "number");
  return row;
}

async function read() {
  if (reading || document.hidden) return;
  reading = true;
  const query = new URLSearchParams({ format: "full", limit: kRows });
  for (const [name, value] of new FormData(filters)) if (value.trim()) query.set(name, value.trim());
  try {
    const response = await fetch(`/logs?${query}`, { headers: { Accept: "application/json" } });
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.detail);
    const records = [...answer.requests, ...answer.db_accesses].sort((a, b) => b.time_us - a.time_us);
    $("rows").replaceChildren(...records.map(makeRow));
    $("summary").textContent =
      `${answer.request_count} API calls and ${answer.db_access_count} database accesses` +
      (records.length >= kRows ? `, the newest ${kRows}` : "");
    $("notice").textContent = "";
  } catch (error) {
    $("summary").textContent = "The log cannot be shown.";
    $("notice").textContent = error.message;
  }
  reading = false;
}

$("live").addEventListener("click", () => {
  live = !live;
  $("live").setAttribute("aria-pressed", String(live));
  $("live").textContent = live ? "Live" : "Paused";
  if (live) read();
});
filters.addEventListener("submit", (event) => event.preventDefault());
filters.addEventListener("input", read);
document.addEventListener("visibilitychange", read);
setInterval(() => { if (live) read(); }, kRefreshMs);
read();
