// The log-in, shared by all tabs of the browser: the token and its user.

const kKey = "roost.session";

function stored() {
  try {
    const session = JSON.parse(localStorage.getItem(kKey));
    return session && session.token && session.user ? session : null;
  } catch {
    return null;
  }
}

/** Fires "change" on log-in and log-out, in any tab; `detail.expired` when the server rejected the token. */
class Session extends EventTarget {
  #session = stored();

  constructor() {
    super();
    window.addEventListener("storage", (event) => {
      if (event.key === kKey || event.key === null) this.#become(stored());
    });
  }

  get token() { return this.#session ? this.#session.token : ""; }
  /** {id, username, display_name}, or null. */
  get user() { return this.#session ? this.#session.user : null; }

  begin(token, { id, username, display_name }) {
    const session = { token, user: { id, username, display_name } };
    try {
      localStorage.setItem(kKey, JSON.stringify(session));
    } catch {
      // Storage is forbidden: the log-in lasts as long as the page.
    }
    this.#become(session);
  }

  end({ expired = false } = {}) {
    try {
      localStorage.removeItem(kKey);
    } catch {
      // Then nothing was stored.
    }
    this.#become(null, expired);
  }

  #become(session, expired = false) {
    const same = (session && session.token) === (this.#session && this.#session.token);
    this.#session = session;
    if (!same) this.dispatchEvent(new CustomEvent("change", { detail: { expired } }));
  }
}

export const session = new Session();
