// Modal dialogs. A <dialog> traps the focus, Escape closes it, and the focus returns to where it was.

import { h } from "./dom.js";
import { composer } from "./composer.js";

let count = 0;

function open(title, body, className = "") {
  const id = `dialog-title-${++count}`;
  const dialog = h("dialog", { "aria-labelledby": id, class: className }, h("h2", { id }, title), body);
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** Asks for a new text; if `save(text)` throws, the dialog stays open. */
export function askForText({ title, label, text, save }) {
  const cancel = h("button", { type: "button", class: "quiet-button" }, "Cancel");
  const writing = composer({
    id: `edit-${count}`, label, text, button: "Save", extra: [cancel],
    send: async (changed) => {
      await save(changed);
      dialog.close();
    },
  });
  const dialog = open(title, writing.element, "wide-dialog");
  cancel.addEventListener("click", () => dialog.close());
  writing.control.focus();
  writing.control.setSelectionRange(text.length, text.length);
}

/** Asks for confirmation of an irreversible action; an error thrown by `act()` is shown in the dialog. */
export function askFirst({ title, text, button, act }) {
  const problem = h("p", { class: "form-error", role: "alert" });
  const cancel = h("button", { type: "button", class: "quiet-button", autofocus: true }, "Keep");
  const go = h("button", { type: "button", class: "primary danger" }, button);
  const dialog = open(title, h("div", { class: "stack" }, h("p", { class: "quoted", dir: "auto" }, text), problem,
    h("div", { class: "dialog-foot" }, cancel, go)));
  cancel.addEventListener("click", () => dialog.close());
  go.addEventListener("click", async () => {
    go.disabled = true;
    try {
      await act();
      dialog.close();
    } catch (error) {
      problem.textContent = error.message;
      go.disabled = false;
    }
  });
}
