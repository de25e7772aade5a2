// Placeholders for content: loading, empty, error.

import { h } from "./dom.js";

/** Skeleton cards, shown when loading takes a while. */
export function skeleton(count = 4) {
  const card = () => h("div", { class: "card tweet ghost" }, h("span", { class: "avatar" }),
    h("div", {}, h("span", { class: "bar short" }), h("span", { class: "bar" }), h("span", { class: "bar half" })));
  return h("div", { class: "skeleton" }, h("p", { class: "unseen" }, "Loading…"),
    h("div", { "aria-hidden": "true", class: "stack" }, Array.from({ length: count }, card)));
}

function stateIcon() {
  const src = new URL("icon.svg", import.meta.url).pathname;
  return h("img", { src, alt: "", width: 56, height: 56, class: "state-icon" });
}

/** `hint` is a sentence or a node such as a link. */
export function emptyState(title, hint) {
  return h("div", { class: "state" }, stateIcon(), h("p", { class: "state-title" }, title),
    hint ? h("p", {}, hint) : null);
}

/** Shows an error and how to go on; the button calls `retry`, and so does the end of an offline period. */
export function errorState(error, retry) {
  const gone = error.status === 404 || error.status === 422;
  const title = error.unreachable ? (navigator.onLine ? "No answer" : "You are offline")
    : gone ? "Not found" : error.status === 503 ? "Busy" : "Something went wrong";
  const hint = error.unreachable && !navigator.onLine ? "This continues when the connection is back." : error.message;
  const box = h("div", { class: "state", role: "alert" }, stateIcon(), h("p", { class: "state-title" }, title),
    h("p", {}, hint));
  if (gone || !retry) {
    box.append(h("p", {}, h("a", { href: "/" }, "Back to the timeline")));
    return box;
  }
  box.append(h("button", { type: "button", class: "quiet-button", onclick: retry }, "Try again"));
  if (error.unreachable) {
    window.addEventListener("online", () => { if (box.isConnected) retry(); }, { once: true });
  }
  return box;
}
