// Placeholders for content: loading, empty, error.

import { h } from "./dom.js";

/** Skeleton cards, shown when loading takes a while. */
export function skeleton(count = 4) {
  const card = () => h("div", { class: "card tweet ghost" }, h("span", { class: "avatar" }),
    h("div", {}, h("span", { class: "bar short" }), h("span", { class: "bar" }), h("span", { class: "bar half" })));
  return h("div", { class: "skeleton" }, h("p", { class: "unseen" }, "Loading…"),
    h("div", { "aria-hidden": "true", class: "stack" }, Array.from({ length: count }, card)));
}

function perch() {
  const src = new URL("icon.svg", import.meta.url).pathname;
  return h("img", { src, alt: "", width: 56, height: 56, class: "perch" });
}

/** `hint` is a sentence or a node such as a link. */
export function emptyState(title, hint) {
  return h("div", { class: "state" }, perch(), h("p", { class: "state-title" }, title),
    hint ? h("p", {}, hint) : null);
}

/** Shows an error and what can be done; its button calls `retry`. */
export function errorState(error, retry) {
  const gone = error.status === 404 || error.status === 422;
  const title = error.unreachable ? (navigator.onLine ? "No answer" : "You are offline")
    : gone ? "Not here" : error.status === 503 ? "Busy at the moment" : "That did not work";
  const hint = error.unreachable && !navigator.onLine ? "This will go on when the connection is back." : error.message;
  const box = h("div", { class: "state", role: "alert" }, perch(), h("p", { class: "state-title" }, title),
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
