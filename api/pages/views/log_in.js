// Log-in and registration.

import { logIn, register } from "../api.js";
import { notice } from "../announce.js";
import { h } from "../dom.js";
import { field, makeForm } from "../forms.js";
import { navigate } from "../router.js";

/** Goes to the path in `next`, if it is one of this site, else to the timeline. */
function goToNext(query) {
  const next = query.get("next") || "/";
  navigate(/^\/(?![/\\])/.test(next) ? next : "/", { replace: true });
}

function formView(title, lead, form, foot) {
  return {
    title,
    element: h("div", { class: "view narrow" },
      h("div", { class: "card account-form" }, h("h1", { tabindex: -1 }, title),
        lead ? h("p", { class: "lead" }, lead) : null, form, h("p", { class: "foot" }, foot))),
  };
}

const nextQuery = (query) => (query.get("next") ? `?next=${encodeURIComponent(query.get("next"))}` : "");

export function loginView({ query }) {
  const username = field("username", "User name", {
    required: true, autocomplete: "username", autocapitalize: "none", spellcheck: "false", autofocus: true,
  }, "Or your e-mail address.");
  const password = field("password", "Password",
    { type: "password", required: true, autocomplete: "current-password" });
  const form = makeForm([username, password], "Log in", async (values) => {
    await logIn(values.username, values.password);
    notice("Welcome back.");
    goToNext(query);
  });
  const lead = query.has("expired") ? "Your log-in has expired. Please log in again; your draft is kept." :
    query.has("next") ? "Please log in to see that page." : "";
  return formView("Log in", lead, form,
    ["New here? ", h("a", { href: `/register${nextQuery(query)}` }, "Join Roost")]);
}

export function registerView({ query }) {
  const fields = [
    field("username", "User name", {
      required: true, autocomplete: "username", autocapitalize: "none", spellcheck: "false", autofocus: true,
      maxlength: 30,
    }, "3 to 30 letters, digits and underscores."),
    field("email", "E-mail", { type: "email", required: true, autocomplete: "email" }, "Shown to nobody but you."),
    field("password", "Password", { type: "password", required: true, autocomplete: "new-password", minlength: 8 },
      "At least 8 characters."),
    field("display_name", "Name", { autocomplete: "name", maxlength: 50 }, "Shown with your tweets. Optional."),
    field("bio", "About you", { tag: "textarea", rows: 2, maxlength: 160 }, "Optional."),
  ];
  const form = makeForm(fields, "Join", async (values) => {
    const given = Object.entries(values).filter(([, value]) => value.trim() !== "");
    await register(Object.fromEntries(given));
    await logIn(values.username, values.password);
    notice("Welcome to Roost.");
    goToNext(query);
  });
  return formView("Join Roost", "", form,
    ["Have an account? ", h("a", { href: `/login${nextQuery(query)}` }, "Log in")]);
}
