// The view of unknown addresses.

import { h } from "../dom.js";
import { emptyState } from "../states.js";

export function notFoundView() {
  return {
    title: "Not found",
    element: h("div", { class: "view" }, h("h1", { class: "unseen", tabindex: -1 }, "Not found"),
      emptyState("There is no page at this address", h("a", { href: "/" }, "Back to the timeline"))),
  };
}
