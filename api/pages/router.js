// Client-side router. Addresses are plain paths, for all of which the server returns the same page, so that reloads,
// bookmarks and shared links work. A view is { title, element, wake(), sleep() }; the last few are kept, so that going
// back restores them.

const kMostKept = 8;

let outlet = null;
let makeView = null;
let onShow = null;
let shown = null; // { key, view }
const kept = new Map(); // key of the history's entry → { view, scroll, focus }

const freshKey = () => `${Date.now()}-${Math.random().toString(36).slice(2)}`;

function leave() {
  if (!shown) return;
  const { key, view } = shown;
  const focus = outlet.contains(document.activeElement) ? document.activeElement : null;
  kept.delete(key);
  kept.set(key, { view, scroll: window.scrollY, focus });
  view.sleep?.();
  while (kept.size > kMostKept) kept.delete(kept.keys().next().value);
  shown = null;
}

function show(key, isNavigation) {
  leave();
  const before = kept.get(key);
  const view = before ? before.view : makeView(new URL(location.href));
  shown = { key, view };
  document.title = view.title ? `${view.title} – Roost` : "Roost";
  outlet.replaceChildren(view.element);
  view.wake?.();
  onShow();
  window.scrollTo({ top: before ? before.scroll : 0, behavior: "instant" });
  if (!isNavigation) return;
  const find = (selector) => view.element.querySelector(selector);
  const target = before?.focus?.isConnected ? before.focus : find("[autofocus]") || find("h1");
  target?.focus({ preventScroll: true });
}

/** Sets the title of a view that learns it later. */
export function retitle(view, title) {
  view.title = title;
  if (shown?.view === view) document.title = `${title} – Roost`;
}

export function navigate(path, { replace = false } = {}) {
  const key = freshKey();
  leave();
  if (replace) history.replaceState({ key }, "", path);
  else history.pushState({ key }, "", path);
  show(key, true);
}

/** Discards all views, after a log-in or log-out. */
export function forgetViews() {
  shown?.view.sleep?.();
  shown = null;
  kept.clear();
}

export function reloadView() {
  show(history.state.key, true);
}

function linkOf(event) {
  if (event.defaultPrevented || event.button !== 0) return null;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return null;
  const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
  if (!link || link.target || link.origin !== location.origin || link.getAttribute("href").startsWith("#")) return null;
  return /^\/(api|assets)\//.test(link.pathname) ? null : link;
}

/** `make(url)` creates the view of an address; `shows()` is called after another view is shown. */
export function startRouter(element, make, shows) {
  [outlet, makeView, onShow] = [element, make, shows];
  history.scrollRestoration = "manual";
  history.replaceState({ key: freshKey() }, "");
  document.addEventListener("click", (event) => {
    const link = linkOf(event);
    if (!link) return;
    event.preventDefault();
    navigate(link.pathname + link.search);
  });
  window.addEventListener("popstate", (event) => {
    if (!event.state) { // a link within the page, such as the one that skips to the content
      history.replaceState({ key: shown.key }, "");
      return;
    }
    show(event.state.key, true);
  });
  show(history.state.key, false);
}
