// What this tab has seen and done. Public reads may be a minute old; a person's own likes, tweets, edits and follows
// must not seem to vanish meanwhile, so what was done here is laid over what is read. Broadcasts "likes", "tweet" and
// "deleted", with the tweet's id as `detail`, and "posted" with the tweet.

import { broadcast } from "./dom.js";

const kLikesKey = "roost.likes";
const kWritesKey = "roost.writes";
const kMostLikes = 1000;
const kMostWrites = 100;
const kWriteLife_ms = 150000; // a minute in the worker's cache, a minute in others', and some

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
    // Full or forbidden: it lasts until the next reload then.
  }
}

const confirmed = load(kLikesKey); // id → the highest count the server stands for
const shown = new Map(confirmed); // id → the highest count on screen, likes under way included
const writes = load(kWritesKey); // id → { tweet, or null once deleted; created; at_ms }

export function likesOf(tweet) {
  return Math.max(tweet.likes, shown.get(tweet.id) || 0);
}

/** A count from the server, or from a like that it has taken; a lower one than before changes nothing. */
export function confirmLikes(id, count) {
  if (count > (confirmed.get(id) || 0)) {
    confirmed.delete(id);
    confirmed.set(id, count);
    save(kLikesKey, confirmed, kMostLikes);
  }
  showLikes(id, count);
}

/** A count on screen that the server has not confirmed yet; gone with the next reload unless it does. */
export function showLikes(id, count) {
  if (count <= (shown.get(id) || 0)) return;
  shown.set(id, count);
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

/** The tweet as it is after one's own edits, or null once deleted. */
export function latest(tweet) {
  const write = recent(tweet.id);
  if (!write) return tweet;
  if (write.tweet === null) return null;
  return write.tweet.updated_at > tweet.updated_at ? { ...write.tweet, likes: tweet.likes } : tweet;
}

/** One's own tweet of a moment ago, which public reads may not know yet; or null. */
export const ownTweet = (id) => recent(id)?.tweet || null;

/** A page of a list, newest first, with one's own writes in it. `matches` says which of those belong to the list, as
 *  well as can be said here; what the server found is not doubted. `last`: no older page follows. */
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
