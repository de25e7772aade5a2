// A user in a list, with a follow button.

import { failed, notice } from "./announce.js";
import { h } from "./dom.js";
import { isFollowed, loadFollows, setFollowed } from "./follows.js";
import { session } from "./session.js";
import { avatar } from "./tweet_card.js";
import { profilePath } from "./words.js";

/** The follow toggle; nothing for the user themselves and without a log-in. */
export function followButton(person) {
  if (!session.user || session.user.id === person.id) return null;
  const button = h("button", { type: "button", class: "follow", "data-listens": true });
  let busy = false;
  const show = () => {
    const followed = isFollowed(person.id);
    button.textContent = followed ? "Following" : "Follow";
    button.classList.toggle("followed", followed);
    button.setAttribute("aria-label", `${followed ? "Following" : "Follow"} ${person.display_name}`);
  };
  button.addEventListener("click", async () => {
    if (busy) return;
    busy = true;
    const followed = !isFollowed(person.id);
    try {
      await setFollowed(person, followed);
      notice(followed ? `You follow ${person.display_name} now.` : `You no longer follow ${person.display_name}.`);
    } catch (error) {
      failed(error);
    }
    busy = false;
    show();
  });
  button.addEventListener("follows", show);
  button.addEventListener("shown", show);
  show();
  loadFollows();
  return button;
}

export function personRow(person) {
  return h("article", { class: "card person" }, avatar(person),
    h("div", { class: "person-main" },
      h("h2", { class: "names" }, h("a", { href: profilePath(person.username), class: "display-name cover" },
        h("bdi", {}, person.display_name))),
      h("p", { class: "username" }, `@${person.username}`)),
    person.bio ? h("p", { class: "bio", dir: "auto" }, person.bio) : null,
    followButton(person));
}
