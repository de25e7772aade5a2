// Connects the parts of the page: routes to views, the top bar, and updates on log-in and log-out.

import { get, logOut } from "./api.js";
import { notice } from "./announce.js";
import { broadcast, h, icon } from "./dom.js";
import { forgetViews, navigate, reloadView, startRouter } from "./router.js";
import { session } from "./session.js";
import { avatar } from "./tweet_card.js";
import { loginView, registerView } from "./views/log_in.js";
import { logsView } from "./views/logs.js";
import { notFoundView } from "./views/not_found.js";
import { followersView, followingView, peopleView } from "./views/people.js";
import { profileView } from "./views/profile.js";
import { searchView } from "./views/search.js";
import { timelineView } from "./views/timeline.js";
import { tweetView } from "./views/tweet.js";
import { profilePath, searchPath } from "./words.js";

// The server answers these addresses with the page (api/pages/pages.cc); the third field: requires a log-in.
const kViews = [
  [/^\/$/, timelineView],
  [/^\/tweets\/([1-9][0-9]*)\/?$/, tweetView],
  [/^\/people\/([^/]+)\/?$/, profileView],
  [/^\/people\/?$/, peopleView],
  [/^\/following\/?$/, followingView, true],
  [/^\/followers\/?$/, followersView, true],
  [/^\/search\/?$/, searchView],
  [/^\/login\/?$/, loginView],
  [/^\/register\/?$/, registerView],
  [/^\/logs\/?$/, logsView],
];

const $ = (id) => document.getElementById(id);

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function makeView(url) {
  for (const [pattern, make, isPrivate] of kViews) {
    const match = pattern.exec(url.pathname);
    if (!match) continue;
    if (isPrivate && !session.user) return loginView({ query: new URLSearchParams({ next: url.pathname }) });
    return make({ params: match.slice(1).map(decoded), query: url.searchParams });
  }
  return notFoundView();
}

function showAccount() {
  const { user } = session;
  const links = !user ? [h("a", { href: "/login", class: "quiet-button small" }, "Log in"),
    h("a", { href: "/register", class: "primary small join" }, "Join")]
    : [h("a", { href: profilePath(user.username), class: "me", "aria-label": `Your profile, ${user.display_name}` },
      avatar(user, "small")),
    h("button", { type: "button", class: "round", "aria-label": "Log out", title: "Log out", onclick: leave },
      icon("leave"))];
  $("account").replaceChildren(...links);
}

async function leave() {
  await logOut();
  notice("You are logged out.");
}

function showPlace() {
  for (const link of document.querySelectorAll("#pages a")) {
    const here = link.pathname === "/" ? location.pathname === "/" : location.pathname.startsWith(link.pathname);
    if (here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.body.classList.toggle("wide", location.pathname.startsWith("/logs"));
  broadcast("shown");
  $("query").value = location.pathname.startsWith("/search") ? new URLSearchParams(location.search).get("q") || "" : "";
}

function onSession(event) {
  showAccount();
  forgetViews();
  const isLogInView = /^\/(login|register)/.test(location.pathname);
  if (event.detail.expired) {
    const next = location.pathname + location.search;
    navigate(`/login?expired=1&next=${encodeURIComponent(next)}`, { replace: true });
  } else if (!isLogInView) { // those views go to the next page themselves
    reloadView();
  }
}

function showConnection() {
  $("offline").hidden = navigator.onLine;
}

for (const link of document.querySelectorAll("#pages a")) link.prepend(icon(link.dataset.icon));
$("search-go").append(icon("search"));
$("search").addEventListener("submit", (event) => {
  event.preventDefault();
  const query = $("query").value.trim();
  if (query) navigate(searchPath(query));
  else $("query").focus();
});
window.addEventListener("online", showConnection);
window.addEventListener("offline", showConnection);
session.addEventListener("change", onSession);
showConnection();
showAccount();
startRouter($("view"), makeView, showPlace);
if (session.user) get("/api/users/me", { auth: true }).catch(() => {}); // detects an expired token at once
