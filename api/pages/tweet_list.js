// A list of tweets, newest first, that loads older ones on scrolling and announces newer ones.

import { call } from "./api.js";
import { counted, tickTimes } from "./words.js";
import { h } from "./dom.js";
import { confirmLikes, isDeleted, withOwnWrites } from "./memory.js";
import { emptyState, errorState, skeleton } from "./states.js";
import { tweetCard } from "./tweet_card.js";

const kRefresh_ms = 15000;

export class TweetList {
  /** `url`: the first page; `take(data)` its tweets; `matches(tweet)` whether the user's own tweet belongs here. */
  constructor({ url, label, take = (data) => data, matches = () => true, empty, end = "" }) {
    Object.assign(this, { url, take, matches, empty, endText: end });
    this.cards = new Map(); // id → card
    this.next = "";
    this.news = [];
    this.list = h("ol", { class: "tweets", "aria-label": label, tabindex: -1 });
    this.newsButton = h("button", { type: "button", class: "news", hidden: true, onclick: () => this.showNews() });
    this.place = h("div", {}); // skeleton, empty state or error
    const readOlder = () => this.readOlder();
    this.more = h("button", { type: "button", class: "quiet-button more", hidden: true, onclick: readOlder },
      "Show older");
    this.end = h("p", { class: "list-end", hidden: true }, end);
    this.element = h("section", { class: "tweet-list", "aria-label": label, "aria-busy": "true", "data-listens": true },
      this.newsButton, this.list, this.place, this.more, this.end);
    this.near = new IntersectionObserver(
      (entries) => { if (entries.some((entry) => entry.isIntersecting)) this.readOlder(); }, { rootMargin: "600px" });
    const update = (event) => this.cards.get(event.detail)?.update();
    this.element.addEventListener("likes", update);
    this.element.addEventListener("tweet", update);
    this.element.addEventListener("deleted", (event) => this.remove(event.detail));
    this.element.addEventListener("posted", (event) => {
      if (this.matches(event.detail)) this.put([event.detail], true);
    });
    this.onVisible = () => this.refresh();
    this.readFirst();
  }

  /** Shown, perhaps again: applies changes made meanwhile. */
  wake() {
    if (this.cards.size) this.put(withOwnWrites([], this.matches, true, false), true);
    for (const card of this.cards.values()) card.update();
    for (const id of [...this.cards.keys()].filter(isDeleted)) this.remove(id, false);
    this.near.observe(this.more);
    clearInterval(this.timer);
    this.timer = setInterval(() => this.refresh(), kRefresh_ms);
    document.addEventListener("visibilitychange", this.onVisible);
    tickTimes(this.element);
  }

  sleep() {
    this.near.disconnect();
    clearInterval(this.timer);
    document.removeEventListener("visibilitychange", this.onVisible);
  }

  async readFirst() {
    this.place.replaceChildren(skeleton());
    this.element.setAttribute("aria-busy", "true");
    try {
      const { data, next } = await call("GET", this.url);
      this.put(withOwnWrites(this.take(data), this.matches, true, !next));
      this.setNext(next);
      this.showPlace();
    } catch (error) {
      this.place.replaceChildren(errorState(error, () => this.readFirst()));
    }
    this.element.setAttribute("aria-busy", "false");
  }

  async readOlder() {
    const path = this.next;
    if (!path) return;
    this.next = "";
    this.more.textContent = "Reading…";
    try {
      const { data, next } = await call("GET", path);
      this.put(withOwnWrites(this.take(data), this.matches, false, !next));
      this.setNext(next);
    } catch (error) {
      this.next = path;
      this.more.textContent = `${error.message} Try again`;
      return;
    }
    this.more.textContent = "Show older";
    if (!this.more.hidden) { // still near the end? the observer reports changes only
      this.near.unobserve(this.more);
      this.near.observe(this.more);
    }
  }

  setNext(path) {
    this.next = path;
    this.more.hidden = !path;
    this.end.hidden = Boolean(path) || !this.endText || this.cards.size < 5;
  }

  put(tweets, first = false) {
    const fresh = tweets.filter((tweet) => !this.cards.has(tweet.id));
    const items = fresh.map((tweet) => {
      confirmLikes(tweet.id, tweet.likes);
      const card = tweetCard(tweet);
      card.item = h("li", { "data-id": tweet.id }, card.element);
      this.cards.set(tweet.id, card);
      return card.item;
    });
    if (!first) this.list.append(...items);
    for (const item of first ? items : []) {
      const older = [...this.list.children].find((other) => Number(other.dataset.id) < Number(item.dataset.id));
      this.list.insertBefore(item, older || null);
    }
    this.showPlace();
  }

  remove(id, refocus = true) {
    const card = this.cards.get(id);
    if (!card) return;
    const neighbour = card.item.nextElementSibling || card.item.previousElementSibling;
    this.cards.delete(id);
    card.item.remove();
    this.showPlace();
    if (!refocus) return;
    // The dialog would return the focus to a button that is gone; move it to the neighbour instead.
    setTimeout(() => (neighbour?.querySelector(".when") || this.list).focus({ preventScroll: true }), 0);
  }

  showPlace() {
    this.place.replaceChildren(...(this.cards.size || !this.empty ? [] : [emptyState(...this.empty)]));
  }

  async refresh() {
    if (document.hidden || !this.element.isConnected) return;
    tickTimes(this.element);
    try {
      const { data } = await call("GET", this.url, { fresh: true });
      const tweets = this.take(data);
      for (const tweet of tweets) confirmLikes(tweet.id, tweet.likes);
      const newest = Math.max(0, ...this.cards.keys());
      this.news = withOwnWrites(tweets, this.matches, false).filter((tweet) => tweet.id > newest);
      this.newsButton.hidden = this.news.length === 0;
      this.newsButton.textContent = `Show ${counted(this.news.length, "new tweet")}`;
    } catch {
      // The next poll tries again; errors are shown for the user's own actions only.
    }
  }

  showNews() {
    this.put(this.news, true);
    this.news = [];
    this.newsButton.hidden = true;
    this.list.querySelector(".when")?.focus({ preventScroll: true });
    window.scrollTo({ top: 0 });
  }
}
