// A user's profile, follows and tweets.

import { deleteAccount, personNamed } from "../api.js";
import { notice } from "../announce.js";
import { askFirst } from "../dialogs.js";
import { h } from "../dom.js";
import { followersOf } from "../follows.js";
import { followButton } from "../person.js";
import { navigate, retitle } from "../router.js";
import { session } from "../session.js";
import { errorState, skeleton } from "../states.js";
import { avatar } from "../tweet_card.js";
import { TweetList } from "../tweet_list.js";
import { shortNumber } from "../words.js";

function count(number, label, path) {
  const words = [h("strong", {}, shortNumber(number)), ` ${label}`];
  return h("li", {}, path ? h("a", { href: path }, words) : words);
}

function counts(person) {
  const own = session.user?.id === person.id;
  const followers = followersOf(person);
  return h("ul", { class: "counts" },
    count(person.following, "following", own && "/following"),
    count(followers, followers === 1 ? "follower" : "followers", own && "/followers"),
    own ? h("li", { class: "last" },
      h("button", { type: "button", class: "text-button", onclick: confirmDeletion }, "Delete account")) : null);
}

function confirmDeletion() {
  askFirst({
    title: "Delete your account?", button: "Delete account",
    text: "Your tweets and follows are deleted as well. This cannot be undone.",
    act: async () => {
      await deleteAccount(session.user.id);
      session.end();
      navigate("/");
      notice("Your account was deleted.");
    },
  });
}

function head(person) {
  const since = new Date(person.created_at).toLocaleDateString("en", { month: "long", year: "numeric" });
  const numbers = h("div", { "data-listens": true, "aria-live": "polite" }, counts(person));
  numbers.addEventListener("follows", () => numbers.replaceChildren(counts(person)));
  return h("header", { class: "card profile" },
    h("div", { class: `banner hue-${person.id % 6}`, "aria-hidden": "true" }),
    h("div", { class: "profile-top" }, avatar(person, "big"), followButton(person)),
    h("h1", { tabindex: -1 }, h("bdi", {}, person.display_name)),
    h("p", { class: "username" }, `@${person.username}`, h("span", { class: "since" }, ` · joined ${since}`)),
    person.bio ? h("p", { class: "bio", dir: "auto" }, person.bio) : null,
    numbers);
}

export function profileView({ params: [username] }) {
  const element = h("div", { class: "view" }, skeleton(2));
  let tweets = null;
  let awake = false;
  const view = {
    title: `@${username}`, element,
    wake: () => { awake = true; tweets?.wake(); },
    sleep: () => { awake = false; tweets?.sleep(); },
  };
  async function read() {
    try {
      const person = await personNamed(username);
      const own = session.user?.id === person.id;
      tweets = new TweetList({
        url: `/api/users/${person.id}/tweets?limit=30`, label: `Tweets of ${person.display_name}`,
        take: (data) => data.tweets, matches: (tweet) => tweet.user_id === person.id,
        empty: ["No tweets yet", own ? h("a", { href: "/" }, "Write your first one") : ""],
      });
      if (awake) tweets.wake();
      element.replaceChildren(head(person), tweets.element);
      retitle(view, `${person.display_name} (@${person.username})`);
    } catch (error) {
      element.replaceChildren(h("h1", { class: "unseen", tabindex: -1 }, username), errorState(error, read));
    }
  }
  read();
  return view;
}
