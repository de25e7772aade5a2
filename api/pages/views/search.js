// Search results: a hashtag's tweets, or tweets with the given words and a user of that name.

import { get } from "../api.js";
import { h } from "../dom.js";
import { personRow } from "../person.js";
import { TweetList } from "../tweet_list.js";

const hashtagOf = (query) => (/^#\S+$/u.test(query) ? query.slice(1) : "");

function results(query) {
  const tag = hashtagOf(query);
  const asked = `query=${encodeURIComponent(tag || query)}&limit=30`;
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return new TweetList({
    url: tag ? `/api/tweets/hashtag/search?${asked}` : `/api/tweets/search?${asked}`,
    label: `Tweets for ${query}`,
    matches: tag ? (tweet) => tweet.hashtags.some((one) => one.toLowerCase() === tag.toLowerCase())
      : (tweet) => words.every((word) => tweet.content.toLowerCase().includes(word)),
    empty: tag ? ["No tweet has this hashtag", "Be the first to use it."]
      : ["No tweet has these words", "The search is for whole words and ignores case."],
  });
}

function person(query) {
  const place = h("div", {});
  get(`/api/users/search?q=${encodeURIComponent(query.replace(/^@/, ""))}`).then(
    ({ user }) => place.replaceChildren(h("section", { "aria-label": "Person" }, personRow(user))),
    () => {}, // no user of that name: nothing to show
  );
  return place;
}

export function searchView({ query: parameters }) {
  const query = (parameters.get("q") || "").trim();
  if (!query) {
    return {
      title: "Search",
      element: h("div", { class: "view" }, h("h1", { tabindex: -1 }, "Search"),
        h("p", { class: "lead" }, "Search for words, a user name or a #hashtag in the field above.")),
    };
  }
  const tweets = results(query);
  return {
    title: query,
    element: h("div", { class: "view" },
      h("div", { class: "view-head" },
        h("h1", { tabindex: -1, dir: "auto" }, hashtagOf(query) ? query : `“${query}”`)),
      hashtagOf(query) ? null : person(query), tweets.element),
    wake: () => tweets.wake(),
    sleep: () => tweets.sleep(),
  };
}
