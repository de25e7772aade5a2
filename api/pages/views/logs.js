// The workers' log, newest first, reloaded every two seconds while live.

import { call } from "../api.js";
import { h } from "../dom.js";
import { emptyState } from "../states.js";
import { counted } from "../words.js";

const kRows = 200;
const kRefresh_ms = 2000;
const kFilters = ["kind", "method", "path"];

function cell(text, className) {
  return h("td", { class: className }, String(text));
}

/** Which request a record belongs to; choosing it marks all records of that request. */
function requestCell(id, choose) {
  if (!id) return cell("", "request");
  return h("td", { class: "request" }, h("button", {
    type: "button", title: id, "aria-label": `Mark the records of request ${id}`, onclick: () => choose(id),
  }, id.slice(-6)));
}

function row(record, choose) {
  const isCall = record.kind === "api";
  const time = new Date(record.time_us / 1000);
  const clock = `${time.toLocaleTimeString("en-GB")}.${String(time.getMilliseconds()).padStart(3, "0")}`;
  const outcome = isCall ? record.status : counted(record.rows, "row");
  const bad = isCall && record.status >= 400 ? (record.status >= 500 ? " failed" : " refused") : "";
  return h("tr", { class: record.kind + bad, "data-request": record.request_id },
    h("td", { class: "time" }, h("time", { datetime: time.toISOString() }, clock)),
    cell(record.worker, "worker"), cell(isCall ? record.method : record.operation, "verb"),
    cell(isCall ? record.endpoint : record.table, "subject"), cell(outcome, "number outcome"),
    cell((record.duration_us / 1000).toFixed(2), "number duration"), requestCell(record.request_id, choose));
}

function table(label) {
  const column = (text, className) => h("th", { scope: "col", class: className }, text);
  const body = h("tbody", {});
  const element = h("div", { class: "card table-frame", tabindex: 0, role: "region", "aria-label": label },
    h("table", {}, h("thead", {}, h("tr", {}, column("Time"), column("Worker"), column("Operation"), column("Target"),
      column("Outcome", "number"), column("ms", "number"), column("Request", ""))), body));
  return { element, body };
}

function filterForm(query) {
  const kind = h("select", { id: "kind", name: "kind" }, h("option", { value: "" }, "Everything"),
    h("option", { value: "api" }, "API calls"), h("option", { value: "db" }, "Database accesses"));
  kind.value = query.get("kind") || "";
  const text = (name, label, placeholder) => h("div", { class: "filter" }, h("label", { for: name }, label),
    h("input", { id: name, name, placeholder, autocomplete: "off", spellcheck: "false", autocapitalize: "none",
      value: query.get(name) || "" }));
  return h("form", { class: "filters", role: "search", "aria-label": "Filter the log" },
    h("div", { class: "filter" }, h("label", { for: "kind" }, "Kind"), kind),
    text("method", "Method or operation", "GET, SELECT…"), text("path", "Path or table begins with", "/api/…"));
}

/** The form for the log's token, where one is required. */
function tokenForm(onToken) {
  const input = h("input", { id: "log-token", type: "password", autocomplete: "off", required: true });
  return h("form", {
    class: "card token stack",
    onsubmit: (event) => { event.preventDefault(); onToken(input.value); },
  }, h("label", { for: "log-token" }, "Reading the log requires its token"), input,
  h("button", { type: "submit", class: "primary" }, "Show the log"));
}

function summaryOf(data, count) {
  if (count === 0) return "";
  const calls = counted(data.request_count, "API call");
  const accesses = counted(data.db_access_count, "database access", "database accesses");
  return `${calls} and ${accesses}${count >= kRows ? `, the newest ${kRows}` : ""}` +
    (data.incomplete ? "; some records are missing" : "");
}

class Tail {
  constructor(query) {
    this.form = filterForm(query);
    this.table = table("Log, newest first");
    this.summary = h("p", { class: "summary" }, "Loading…");
    this.problem = h("p", { class: "form-error", role: "alert" });
    this.place = h("div", {});
    this.live = h("button",
      { type: "button", class: "live", "aria-pressed": "true", onclick: () => this.toggle() }, "Live");
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.read(); });
    this.form.addEventListener("input", () => this.filter());
    this.isLive = true;
    this.latest = "";
    this.chosenRequest = "";
    this.refused = false;
    this.asked = 0;
    this.token = "";
  }

  wake() {
    clearInterval(this.timer);
    this.timer = setInterval(() => { if (this.isLive && !this.refused && !document.hidden) this.read(); }, kRefresh_ms);
    this.read();
  }

  sleep() { clearInterval(this.timer); }

  toggle() {
    this.isLive = !this.isLive;
    this.live.setAttribute("aria-pressed", String(this.isLive));
    this.live.textContent = this.isLive ? "Live" : "Paused";
    if (this.isLive) this.read();
  }

  /** Marks the records of one request: the call and its database accesses. For the same one again: none. */
  choose(id) {
    this.chosenRequest = id === this.chosenRequest ? "" : id;
    this.mark();
  }

  mark() {
    for (const one of this.table.body.rows)
      one.classList.toggle("together", this.chosenRequest !== "" && one.dataset.request === this.chosenRequest);
  }

  chosen() {
    const query = new URLSearchParams();
    for (const name of kFilters) {
      const value = this.form.elements[name].value.trim();
      if (value) query.set(name, name === "method" ? value.toUpperCase() : value);
    }
    return query;
  }

  filter() {
    const query = this.chosen().toString();
    history.replaceState(history.state, "", query ? `/logs?${query}` : "/logs");
    this.read();
  }

  async read() {
    const turn = ++this.asked;
    const query = this.chosen();
    query.set("format", "full");
    query.set("limit", kRows);
    const headers = this.token ? { Authorization: `Bearer ${this.token}` } : {};
    try {
      const { data } = await call("GET", `/logs?${query}`, { headers });
      if (turn === this.asked) this.show(data);
    } catch (error) {
      if (turn === this.asked) this.fail(error);
    }
  }

  show(data) {
    this.problem.textContent = "";
    this.refused = false;
    this.live.hidden = this.form.hidden = false;
    const records = [...data.requests, ...data.db_accesses].sort((a, b) => b.time_us - a.time_us);
    const latest = JSON.stringify([records[0], records.length]);
    this.summary.textContent = summaryOf(data, records.length);
    this.table.element.hidden = records.length === 0;
    this.place.replaceChildren(...(records.length > 0 ? [] : [this.chosen().size > 0
      ? emptyState("No matches", "No record in the log matches these filters.")
      : emptyState("Nothing recorded yet", "API calls and database accesses appear here as they happen.")]));
    if (latest === this.latest) return; // unchanged: keeps a selection of text
    this.latest = latest;
    this.table.body.replaceChildren(...records.map((record) => row(record, (id) => this.choose(id))));
    this.mark();
  }

  fail(error) {
    this.summary.textContent = "";
    if (error.status !== 401 && error.status !== 403) {
      this.problem.textContent = error.message;
      return;
    }
    this.refused = true; // polling would be refused as well
    this.live.hidden = this.form.hidden = this.table.element.hidden = true;
    if (error.status === 403) {
      this.place.replaceChildren(emptyState("The log is not shown here",
        "It can be read in a browser on the machine that Roost runs on."));
      return;
    }
    if (this.token) this.problem.textContent = "The token is wrong.";
    if (this.place.querySelector("form")) return;
    this.place.replaceChildren(tokenForm((token) => {
      this.token = token;
      this.read();
    }));
  }
}

export function logsView({ query }) {
  const tail = new Tail(query);
  return {
    title: "Log",
    element: h("div", { class: "view log" },
      h("div", { class: "view-head" }, h("h1", { tabindex: -1 }, "Log of the workers"), tail.live),
      h("p", { class: "lead-note" },
        "Reads that the proxy answers from its cache reach no worker and are not listed. " +
          "Query strings are not recorded."),
      tail.form, tail.problem, tail.summary, tail.place, tail.table.element),
    wake: () => tail.wake(),
    sleep: () => tail.sleep(),
  };
}
