// A tweet's card.

import { deleteTweet, editTweet, like } from "./api.js";
import { notice, speak } from "./announce.js";
import { askFirst, askForText } from "./dialogs.js";
import { h, icon } from "./dom.js";
import { confirmLikes, latest, likesOf, rememberDeletion, rememberEdit, showLikes, takeBackLike } from "./memory.js";
import { session } from "./session.js";
import { contentNodes, counted, profilePath, shortNumber, timeElement } from "./words.js";

/** The first letter of a name on a colour derived from the user. */
export function avatar(person, className = "") {
  const name = person.display_name || person.username || "?";
  return h("span", { class: `avatar hue-${person.id % 6} ${className}`, "aria-hidden": "true" },
    [...name.trim()][0]?.toUpperCase() || "?");
}

/** Sends a like; resolves to whether it was counted. */
async function likeIt(tweet) {
  const count = likesOf(tweet) + 1;
  showLikes(tweet.id, count);
  speak(counted(count, "like"));
  try {
    confirmLikes(tweet.id, Math.max(count, (await like(tweet.id)).likes));
    return true;
  } catch (error) {
    takeBackLike(tweet.id);
    notice(`Your like was not counted. ${error.message}`, true);
    return false;
  }
}

function edit(tweet) {
  askForText({
    title: "Edit your tweet", label: "Text", text: tweet.content,
    save: async (content) => {
      rememberEdit(await editTweet(tweet.id, content));
      notice("Saved.");
    },
  });
}

function remove(tweet) {
  askFirst({
    title: "Delete this tweet?", text: tweet.content, button: "Delete",
    act: async () => {
      await deleteTweet(tweet.id).catch((error) => { if (error.status !== 404) throw error; });
      rememberDeletion(tweet.id);
      notice("Deleted.");
    },
  });
}

function likeButton(tweet) {
  const count = h("span", { class: "count" });
  const button = h("button", { type: "button", class: "act like" }, icon("heart"), count);
  const showCount = () => {
    const all = likesOf(tweet);
    count.textContent = shortNumber(all);
    button.setAttribute("aria-label", `Like, ${counted(all, "like")}`);
  };
  let likes = 0; // likes given in this view: confirmed or in flight
  button.addEventListener("click", async () => {
    ++likes;
    button.classList.add("liked");
    button.classList.remove("beat");
    requestAnimationFrame(() => button.classList.add("beat"));
    if (!(await likeIt(tweet)) && --likes === 0) button.classList.remove("liked", "beat");
  });
  showCount();
  return { button, showCount };
}

function ownButtons(get) {
  const button = (label, shape, act) => h("button", {
    type: "button", class: "act", "aria-label": label, title: label, onclick: () => act(get()),
  }, icon(shape));
  return [button("Edit", "pen", edit), button("Delete", "bin", remove)];
}

/** {id, element, update()}; `update` applies what memory.js has learned meanwhile. */
export function tweetCard(given, { large = false } = {}) {
  let tweet = latest(given) || given;
  const person = { id: tweet.user_id, username: tweet.username, display_name: tweet.display_name };
  const path = profilePath(tweet.username);
  const content = h("p", { class: "content", dir: "auto" }, contentNodes(tweet.content));
  const edited = h("span", { class: "edited" }, "edited");
  const liking = likeButton(tweet);
  const own = session.user?.id === tweet.user_id;
  edited.hidden = tweet.updated_at === tweet.created_at;
  const element = h("article", { class: `card tweet${large ? " large" : ""}`, "data-id": tweet.id },
    h("a", { href: path, tabindex: -1, "aria-hidden": "true", class: "avatar-link" }, avatar(person)),
    h("div", { class: "tweet-main" },
      h("div", { class: "author" },
        h(large ? "p" : "h2", { class: "names" },
          h("a", { href: path, class: "display-name" }, h("bdi", {}, tweet.display_name))),
        h("span", { class: "meta" }, h("span", { class: "username" }, `@${tweet.username}`),
          h("a", { class: "when", href: `/tweets/${tweet.id}` }, timeElement(tweet.created_at)), edited)),
      content,
      h("div", { class: "acts" }, liking.button, own ? ownButtons(() => tweet) : null)));
  return {
    id: tweet.id,
    element,
    update() {
      const now = latest(tweet);
      if (now && now !== tweet) {
        tweet = now;
        content.replaceChildren(...contentNodes(tweet.content));
        edited.hidden = tweet.updated_at === tweet.created_at;
      }
      liking.showCount();
    },
  };
}
