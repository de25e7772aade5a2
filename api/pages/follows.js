// The users that the logged-in user follows. Broadcasts "follows" when that changes.

import { call } from "./api.js";
import { broadcast } from "./dom.js";
import { session } from "./session.js";

const kPage = 200;
const kMostPages = 10;
const kLag_ms = 150000;

// User id → { before, after, at_ms }: the count of followers before and after the user's own click.
const counted = new Map();
let ids = new Set();
let loading = null;

session.addEventListener("change", () => {
  ids = new Set();
  loading = null;
  counted.clear();
});

async function load() {
  let path = `/api/users/following?limit=${kPage}`;
  for (let page = 0; path && page < kMostPages; ++page) {
    const { data, next } = await call("GET", path, { auth: true });
    for (const person of data.following) ids.add(person.id);
    path = next;
  }
  broadcast("follows");
}

/** Reads the list once per log-in. Errors are ignored: a click corrects a button that is wrong. */
export function loadFollows() {
  if (!session.user) return Promise.resolve();
  loading ||= load().catch(() => { loading = null; });
  return loading;
}

export const isFollowed = (id) => ids.has(id);

/** Takes over what a list says about one user. */
export function learnFollow(id, followed) {
  if (followed) ids.add(id);
  else ids.delete(id);
}

export async function setFollowed(person, followed) {
  try {
    await call(followed ? "POST" : "DELETE", `/api/users/follow/${person.id}`, { auth: true });
  } catch (error) {
    if (error.status !== 400) throw error;
    await settle(person.id, followed, error); // so already, by another tab or device?
    return;
  }
  if (Number.isInteger(person.followers)) {
    const before = followersOf(person);
    counted.set(person.id, { before: person.followers, after: before + (followed ? 1 : -1), at_ms: Date.now() });
  }
  learnFollow(person.id, followed);
  broadcast("follows");
}

async function settle(id, followed, error) {
  ids = new Set();
  await load();
  if (ids.has(id) !== followed) throw error;
}

/** The count of followers to show: the count read, corrected by the user's own recent click. */
export function followersOf(person) {
  const own = counted.get(person.id);
  const lagging = own && own.before === person.followers && Date.now() - own.at_ms < kLag_ms;
  return lagging ? own.after : person.followers;
}
