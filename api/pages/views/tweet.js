// A single tweet.

import { get } from "../api.js";
import { h, icon } from "../dom.js";
import { confirmLikes, isDeleted, latest, ownTweet } from "../memory.js";
import { retitle } from "../router.js";
import { emptyState, errorState, skeleton } from "../states.js";
import { tweetCard } from "../tweet_card.js";

export function tweetView({ params: [id] }) {
  let card = null;
  const place = h("div", {}, skeleton(1));
  const view = {
    title: "Tweet",
    element: h("div", { class: "view", "data-listens": true },
      h("div", { class: "view-head" },
        h("a", { class: "round", href: "/", "aria-label": "Back to the timeline" }, icon("back")),
        h("h1", { tabindex: -1 }, "Tweet")), place),
    wake: () => (card && isDeleted(card.id) ? gone() : card?.update()),
  };
  const gone = () => place.replaceChildren(emptyState("Not found", "This tweet was deleted."));
  const update = (event) => { if (event.detail === card?.id) card.update(); };
  view.element.addEventListener("likes", update);
  view.element.addEventListener("tweet", update);
  view.element.addEventListener("deleted", (event) => { if (event.detail === card?.id) gone(); });

  async function read() {
    if (isDeleted(Number(id))) return gone();
    try {
      const tweet = latest(ownTweet(Number(id)) || await get(`/api/tweets/${id}`));
      confirmLikes(tweet.id, tweet.likes);
      card = tweetCard(tweet, { large: true });
      place.replaceChildren(card.element);
      retitle(view, `${tweet.display_name}: ${tweet.content.slice(0, 60)}`);
    } catch (error) {
      place.replaceChildren(errorState(error, read));
    }
  }
  read();
  return view;
}
