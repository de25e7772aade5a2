// Fields with their labels, hints and errors, and forms that are sent once at a time.

import { h } from "./dom.js";

/** A label, an input or textarea, a hint and a place for its error, as one element; `control` is the input. */
export function field(name, label, attributes = {}, hint = "") {
  const { tag = "input", ...rest } = attributes;
  const error = h("p", { class: "field-error", id: `${name}-error` });
  const hints = hint ? h("p", { class: "field-hint", id: `${name}-hint` }, hint) : null;
  const described = `${hint ? `${name}-hint ` : ""}${name}-error`;
  const control = h(tag, { id: name, name, "aria-describedby": described, ...rest });
  const element = h("div", { class: "field" }, h("label", { for: name }, label), control, hints, error);
  control.addEventListener("input", () => mark(""));
  function mark(text) {
    error.textContent = text;
    if (text) control.setAttribute("aria-invalid", "true");
    else control.removeAttribute("aria-invalid");
  }
  return { name, element, control, mark };
}

/** A form of `fields` with one button. `send(values)` may throw an ApiError: it is shown at its field, else above the
 *  button, and the first wrong field gets the focus. */
export function makeForm(fields, button, send) {
  const problem = h("p", { class: "form-error", role: "alert" });
  const submit = h("button", { type: "submit", class: "primary wide-button" }, button);
  const form = h("form", { class: "stack form", novalidate: true }, fields.map((one) => one.element), problem, submit);

  function complain(error) {
    const wrong = fields.find((one) => one.name === error.field);
    if (wrong) {
      wrong.mark(error.message);
      wrong.control.focus();
    } else {
      problem.textContent = error.message;
      submit.focus();
    }
  }

  function checked() {
    problem.textContent = "";
    const missing = fields.filter((one) => !one.control.checkValidity());
    for (const one of missing) one.mark(one.control.value ? one.control.validationMessage : "Please fill this in.");
    if (missing.length) missing[0].control.focus();
    return missing.length === 0;
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (submit.getAttribute("aria-disabled") || !checked()) return;
    submit.setAttribute("aria-disabled", "true");
    try {
      await send(Object.fromEntries(fields.map((one) => [one.name, one.control.value])));
    } catch (error) {
      complain(error);
    } finally {
      submit.removeAttribute("aria-disabled");
    }
  });
  return form;
}
