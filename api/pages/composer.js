// A text field of at most 280 characters with a counter, for writing and editing.

import { h } from "./dom.js";
import { lengthOf } from "./words.js";

const kMaxLength = 280;
const kWarnBelow = 20; // remaining characters; below it the count is highlighted and announced

function ring() {
  const circle = (name) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", "circle");
    for (const [key, value] of Object.entries({ cx: 14, cy: 14, r: 11, pathLength: 100, class: name }))
      element.setAttribute(key, value);
    return element;
  };
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [key, value] of Object.entries({ viewBox: "0 0 28 28", class: "ring", "aria-hidden": "true" }))
    svg.setAttribute(key, value);
  const used = circle("ring-used");
  svg.append(circle("ring-all"), used);
  return { svg, used };
}

/** `send(text)` may throw an ApiError, shown below. Returns {element, control, clear}. Calls `onInput(text)`. */
export function composer({ id, label, placeholder, button, text = "", send, onInput = () => {}, extra = [] }) {
  const control = h("textarea", {
    id, name: "content", rows: 3, placeholder, "aria-describedby": `${id}-left ${id}-error`, dir: "auto",
  });
  const { svg, used } = ring();
  const left = h("span", { class: "left", id: `${id}-left` });
  const announced = h("span", { class: "unseen", role: "status" });
  const error = h("p", { class: "field-error", id: `${id}-error`, role: "alert" });
  const submit = h("button", { type: "submit", class: "primary" }, button);
  const form = h("form", { class: "composer" }, h("label", { for: id }, label), control, error,
    h("div", { class: "composer-foot" }, svg, left, announced, h("span", { class: "spring" }), extra, submit));

  function count() {
    const remaining = kMaxLength - lengthOf(control.value);
    left.textContent = remaining < 0 ? `${-remaining} too many` : `${remaining} left`;
    form.classList.toggle("soon", remaining <= kWarnBelow);
    form.classList.toggle("over", remaining < 0);
    announced.textContent = remaining <= kWarnBelow ? left.textContent : "";
    const part = Math.min(100, (100 * (kMaxLength - remaining)) / kMaxLength);
    used.setAttribute("stroke-dasharray", `${part} 100`);
    submit.disabled = remaining < 0 || control.value.trim() === "";
  }

  control.value = text;
  control.addEventListener("input", () => {
    error.textContent = "";
    count();
    onInput(control.value);
  });
  control.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  let sending = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (sending || submit.disabled) return;
    sending = true;
    error.textContent = "";
    try {
      await send(control.value);
    } catch (problem) {
      error.textContent = problem.message;
      control.focus();
    } finally {
      sending = false;
    }
  });
  count();
  const clear = () => {
    control.value = "";
    count();
    onInput("");
  };
  return { element: form, control, clear };
}
