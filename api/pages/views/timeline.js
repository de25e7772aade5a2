// All tweets, and a field to write one.

import { postTweet } from "../api.js";
import { notice } from "../announce.js";
import { composer } from "../composer.js";
import { h } from "../dom.js";
import { rememberPost } from "../memory.js";
import { session } from "../session.js";
import { TweetList } from "../tweet_list.js";

const kDraft = "roost.draft";

function draft(text) {
  try {
    if (text === undefined) return sessionStorage.getItem(kDraft) || "";
    sessionStorage.setItem(kDraft, text);
  } catch {
    // Storage is forbidden: the draft is lost with the page.
  }
  return "";
}

function compose() {
  const writing = composer({
    id: "content", label: "What is going on?", placeholder: "A #hashtag helps others find it.", button: "Post",
    text: draft(), onInput: draft,
    extra: [h("span", { class: "hint" }, "Ctrl + Enter")],
    send: async (text) => {
      const tweet = await postTweet(text);
      writing.clear();
      rememberPost(tweet);
      notice("Posted.");
      writing.control.focus();
    },
  });
  return h("section", { class: "card compose", "aria-label": "Write" }, writing.element);
}

function welcome() {
  return h("section", { class: "card welcome", "aria-label": "Welcome" },
    h("p", { class: "welcome-title" }, "Short messages, newest first."),
    h("p", {}, "Everybody can read and like. Log in to post and to follow people."),
    h("p", { class: "welcome-acts" }, h("a", { class: "primary", href: "/register" }, "Join Roost"),
      h("a", { class: "quiet-button", href: "/login" }, "Log in")));
}

export function timelineView() {
  const tweets = new TweetList({
    url: "/api/tweets?limit=30", label: "Timeline",
    empty: ["No tweets yet", "Post the first one."], end: "There are no older tweets.",
  });
  return {
    title: "Timeline",
    element: h("div", { class: "view" }, h("h1", { class: "unseen", tabindex: -1 }, "Timeline"),
      session.user ? compose() : welcome(), tweets.element),
    wake: () => tweets.wake(),
    sleep: () => tweets.sleep(),
  };
}
