// Formats times, numbers and the text of tweets.

import { h } from "./dom.js";

const kSpans = [["d", 86400], ["h", 3600], ["min", 60]];

/** "just now", "5 min", "3 d", "Mar 3, 2026": how long ago an ISO 8601 time was. */
export function timeAgo(iso, now_ms = Date.now()) {
  const seconds = (now_ms - Date.parse(iso)) / 1000;
  if (seconds >= 7 * 86400) return new Date(iso).toLocaleDateString("en", { dateStyle: "medium" });
  for (const [unit, size] of kSpans) {
    if (seconds >= size) return `${Math.floor(seconds / size)}\u00a0${unit}`;
  }
  return "just now";
}

/** A <time> element with a relative time; `tickTimes` keeps all of them current. */
export function timeElement(iso) {
  return h("time", { datetime: iso, title: new Date(iso).toLocaleString("en") }, timeAgo(iso));
}

export function tickTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) time.textContent = timeAgo(time.dateTime);
}

const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

/** 1234 as "1,234", 123456 as "123.5K". */
export function shortNumber(value) {
  return value < 10000 ? value.toLocaleString("en") : compact.format(value);
}

export function counted(value, one, many = `${one}s`) {
  return `${value.toLocaleString("en")} ${value === 1 ? one : many}`;
}

/** Length as the server counts it, in code points. */
export function lengthOf(text) {
  return [...text].length;
}

export const profilePath = (username) => `/people/${encodeURIComponent(username)}`;
export const searchPath = (query) => `/search?q=${encodeURIComponent(query)}`;

const kWord = "\\p{L}\\p{M}\\p{N}_";
const kParts = new RegExp(
  `(?<![${kWord}])#(?<tag>[${kWord}]*[\\p{L}\\p{M}_][${kWord}]*)` +
  `|(?<![${kWord}@])@(?<name>[A-Za-z0-9_]+)` +
  `|(?<url>https?://[^\\s<>"']+[^\\s<>"'.,;:!?)\\]])`, "gu");

/** The nodes of a tweet's text: hashtags, names and addresses are links, everything else is text. */
export function contentNodes(text) {
  const nodes = [];
  let from = 0;
  for (const match of text.matchAll(kParts)) {
    const { tag, name, url } = match.groups;
    nodes.push(text.slice(from, match.index));
    if (tag) nodes.push(h("a", { href: searchPath(`#${tag}`) }, `#${tag}`));
    else if (name) nodes.push(h("a", { href: profilePath(name) }, `@${name}`));
    else nodes.push(h("a", { href: url, rel: "noopener noreferrer nofollow", target: "_blank" }, url));
    from = match.index + match[0].length;
  }
  nodes.push(text.slice(from));
  return nodes;
}
