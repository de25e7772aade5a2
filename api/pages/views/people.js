// Lists of users: all, the user's followers, and those the user follows.

import { call } from "../api.js";
import { h } from "../dom.js";
import { learnFollow } from "../follows.js";
import { personRow } from "../person.js";
import { session } from "../session.js";
import { emptyState, errorState, skeleton } from "../states.js";

function listOfPeople({ url, take, auth, empty }) {
  const list = h("ul", { class: "people" });
  const place = h("div", {}, skeleton(3));
  const more = h("button", { type: "button", class: "quiet-button more", hidden: true, onclick: () => read(next) },
    "Show more");
  let next = "";
  async function read(path) {
    try {
      const answer = await call("GET", path, { auth });
      const people = take(answer.data);
      for (const person of people) if ("is_following" in person) learnFollow(person.id, person.is_following);
      list.append(...people.map((person) => h("li", {}, personRow(person))));
      next = answer.next;
      more.hidden = !next;
      place.replaceChildren(...(list.children.length ? [] : [emptyState(...empty)]));
    } catch (error) {
      if (error.status !== 401) place.replaceChildren(errorState(error, () => read(path)));
    }
  }
  read(url);
  return [list, place, more];
}

function tabs(current) {
  if (!session.user) return null;
  const tab = (path, label) => h("a", { href: path, "aria-current": path === current ? "page" : null }, label);
  return h("nav", { class: "tabs", "aria-label": "Lists of people" }, tab("/people", "Everybody"),
    tab("/following", "You follow"), tab("/followers", "Follow you"));
}

function view(title, path, options) {
  return {
    title,
    element: h("div", { class: "view" }, h("div", { class: "view-head" }, h("h1", { tabindex: -1 }, title)), tabs(path),
      listOfPeople(options)),
  };
}

export const peopleView = () => view("People", "/people", {
  url: "/api/users?limit=50", take: (data) => data.users, auth: false,
  empty: ["No users yet", h("a", { href: "/register" }, "Create the first account")],
});

export const followingView = () => view("People you follow", "/following", {
  url: "/api/users/following?limit=50", take: (data) => data.following, auth: true,
  empty: ["You follow nobody yet", h("a", { href: "/people" }, "Show all people")],
});

export const followersView = () => view("People who follow you", "/followers", {
  url: "/api/users/followers?limit=50", take: (data) => data.followers, auth: true,
  empty: ["Nobody follows you yet", h("a", { href: "/" }, "Post a tweet")],
});
