// The writes of this tab. Public reads may be a minute old; the user's own likes, tweets, edits and follows must not
// seem to vanish meanwhile, so they are applied on top of what is read. Broadcasts "likes", "tweet" and
// "deleted", with the tweet's id as `detail`, and "posted" with the tweet.

import { broadcast } from "./dom.js";

const kLikesKey = "roost.likes";
const kWritesKey = "roost.writes";
const kMostLikes = 1000;
const kMostWrites = 100;
const kWriteLife_ms = 150000; // max-age of the worker's cache and of shared caches, a minute each, and a margin

function load(key) {
  try {
    return new Map(JSON.parse(sessionStorage.getItem(key)) || []);
  } catch {
    return new Map();
  }
}

function save(key, map, most) {
  while (map.size > most) map.delete(map.keys().next().value);
  try {
    sessionStorage.setItem(key, JSON.stringify([...map]));
  } catch {
    // Storage full or forbidden: kept until the next reload only.
  }
}

const confirmed = load(kLikesKey); // id → the highest count the server has confirmed
const shown = new Map(confirmed); // id → the highest count on screen, likes in flight included
const writes = load(kWritesKey); // id → { tweet, or null once deleted; created; at_ms }

export function likesOf(tweet) {
  return Math.max(tweet.likes, shown.get(tweet.id) || 0);
}

/** Takes over a count from the server or from an accepted like; a lower one than before is ignored. */
export function confirmLikes(id, count) {
  if (count > (confirmed.get(id) || 0)) {
    confirmed.delete(id);
    confirmed.set(id, count);
    save(kLikesKey, confirmed, kMostLikes);
  }
  showLikes(id, count);
}

/** Sets a count that the server has not confirmed yet; lost with the next reload unless it does. */
export function showLikes(id, count) {
  if (count <= (shown.get(id) || 0)) return;
  shown.set(id, count);
  broadcast("likes", id);
}

/** Takes back one like that showLikes() has counted and that the server has refused. */
export function takeBackLike(id) {
  const count = Math.max((shown.get(id) || 0) - 1, confirmed.get(id) || 0);
  if (count > 0) shown.set(id, count);
  else shown.delete(id);
  broadcast("likes", id);
}

function remember(id, write) {
  writes.delete(id);
  writes.set(id, { ...write, at_ms: Date.now() });
  save(kWritesKey, writes, kMostWrites);
}

export function rememberPost(tweet) {
  remember(tweet.id, { tweet, created: true });
  broadcast("posted", tweet);
}

export function rememberEdit(tweet) {
  remember(tweet.id, { tweet, created: writes.get(tweet.id)?.created || false });
  broadcast("tweet", tweet.id);
}

export function rememberDeletion(id) {
  remember(id, { tweet: null, created: false });
  broadcast("deleted", id);
}

function recent(id) {
  const write = writes.get(id);
  return write && Date.now() - write.at_ms < kWriteLife_ms ? write : null;
}

export const isDeleted = (id) => recent(id)?.tweet === null;

/** The tweet with the user's own edits applied; null once deleted. */
export function latest(tweet) {
  const write = recent(tweet.id);
  if (!write) return tweet;
  if (write.tweet === null) return null;
  return write.tweet.updated_at > tweet.updated_at ? { ...write.tweet, likes: tweet.likes } : tweet;
}

/** The user's own recent tweet, which public reads may not include yet; or null. */
export const ownTweet = (id) => recent(id)?.tweet || null;

/** Merges the user's own writes into a page of a list, newest first. `matches` decides, as far as the client can, which
 *  of them belong to the list; results of the server are kept. `last`: no older page follows. */
export function withOwnWrites(tweets, matches, isFirst, last) {
  const page = tweets.map((read) => {
    const tweet = latest(read);
    return tweet === read || (tweet && matches(tweet)) ? tweet : null;
  }).filter(Boolean);
  if (!isFirst) return page;
  const known = new Set(tweets.map((tweet) => tweet.id));
  const oldest = last || tweets.length === 0 ? 0 : tweets[tweets.length - 1].id;
  for (const id of writes.keys()) {
    const write = recent(id);
    if (write?.created && !known.has(id) && id > oldest && matches(write.tweet)) page.push(write.tweet);
  }
  return page.sort((a, b) => b.id - a.id);
}
