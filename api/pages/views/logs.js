// The workers' log, newest first, reloaded every two seconds while live.

import { call } from "../api.js";
import { h } from "../dom.js";
import { counted } from "../words.js";

const kRows = 200;
const kRefresh_ms = 2000;
const kFilters = ["kind", "method", "path"];

function cell(text, className) {
  return h("td", { class: className }, String(text));
}

function row(record) {
  const isCall = record.kind === "api";
  const time = new Date(record.time_us / 1000);
  const clock = `${time.toLocaleTimeString("en-GB")}.${String(time.getMilliseconds()).padStart(3, "0")}`;
  const outcome = isCall ? record.status : counted(record.rows, "row");
  const bad = isCall && record.status >= 400 ? (record.status >= 500 ? " failed" : " refused") : "";
  return h("tr", { class: record.kind + bad },
    h("td", { class: "time" }, h("time", { datetime: time.toISOString() }, clock)),
    cell(record.worker, "worker"), cell(isCall ? record.method : record.operation, "verb"),
    cell(isCall ? record.endpoint : record.table, "subject"), cell(outcome, "number outcome"),
    cell((record.duration_us / 1000).toFixed(2), "number duration"));
}

function table(label) {
  const column = (text, className) => h("th", { scope: "col", class: className }, text);
  const body = h("tbody", {});
  const element = h("div", { class: "card table-frame", tabindex: 0, role: "region", "aria-label": label },
    h("table", {}, h("thead", {}, h("tr", {}, column("Time"), column("Worker"), column("What"), column("On"),
      column("Outcome", "number"), column("ms", "number"))), body));
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
  }, h("label", { for: "log-token" }, "The log is shown to those who have its token"), input,
  h("button", { type: "submit", class: "primary" }, "Show the log"));
}

function summaryOf(data, count) {
  if (count === 0) return "Nothing was recorded that fits.";
  const calls = counted(data.request_count, "API call");
  const accesses = counted(data.db_access_count, "database access", "database accesses");
  return `${calls} and ${accesses}${count >= kRows ? `, the newest ${kRows}` : ""}` +
    (data.incomplete ? "; some records are missing" : "");
}

class Tail {
  constructor(query) {
    this.form = filterForm(query);
    this.table = table("Log, newest first");
    this.summary = h("p", { class: "summary" }, "Reading…");
    this.problem = h("p", { class: "form-error", role: "alert" });
    this.place = h("div", {});
    this.live = h("button",
      { type: "button", class: "live", "aria-pressed": "true", onclick: () => this.toggle() }, "Live");
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.read(); });
    this.form.addEventListener("input", () => this.filter());
    this.isLive = true;
    this.latest = "";
    this.asked = 0;
    this.token = "";
  }

  wake() {
    clearInterval(this.timer);
    this.timer = setInterval(() => { if (this.isLive && !document.hidden) this.read(); }, kRefresh_ms);
    this.read();
  }

  sleep() { clearInterval(this.timer); }

  toggle() {
    this.isLive = !this.isLive;
    this.live.setAttribute("aria-pressed", String(this.isLive));
    this.live.textContent = this.isLive ? "Live" : "Paused";
    if (this.isLive) this.read();
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
    this.place.replaceChildren();
    this.table.element.hidden = false;
    const records = [...data.requests, ...data.db_accesses].sort((a, b) => b.time_us - a.time_us);
    const latest = JSON.stringify([records[0], records.length]);
    this.summary.textContent = summaryOf(data, records.length);
    if (latest === this.latest) return; // leaves alone what somebody may be selecting
    this.latest = latest;
    this.table.body.replaceChildren(...records.map(row));
  }

  fail(error) {
    this.summary.textContent = "";
    if (error.status !== 401) {
      this.problem.textContent = error.message;
      return;
    }
    this.table.element.hidden = true;
    if (this.token) this.problem.textContent = "That is not the token.";
    if (this.place.hasChildNodes()) return;
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
      h("div", { class: "view-head" }, h("h1", { tabindex: -1 }, "What the workers did"), tail.live),
      tail.form, tail.problem, tail.summary, tail.place, tail.table.element),
    wake: () => tail.wake(),
    sleep: () => tail.sleep(),
  };
}
