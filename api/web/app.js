// The timeline. User text only ever becomes text nodes. A count on screen never goes down: of what the server says and
// what was clicked here the larger one is shown.

const kMaxCharacters = 280;
const kPageSize = 30;
const kRefreshMs = 15000;
const kLikeAttempts = 5;

const $ = (id) => document.getElementById(id);
const list = $("timeline");
const shown = new Map(); // id → { tweet, likes, element parts }
let olderUrl = null;
let listUrl = null;
let waitingNews = [];

// ---- words --------------------------------------------------------------------------------------------------------

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "narrow" });
const kSpans = [["day", 86400], ["hour", 3600], ["minute", 60]];

function timeAgo(iso) {
  const seconds = (Date.parse(iso) - Date.now()) / 1000;
  if (seconds < -7 * 86400) return new Date(iso).toLocaleDateString("en", { dateStyle: "medium" });
  for (const [unit, size] of kSpans) {
    if (-seconds >= size) return relative.format(Math.round(seconds / size), unit);
  }
  return "just now";
}

function notice(text) {
  $("notice").textContent = text;
  clearTimeout(notice.timer);
  notice.timer = setTimeout(() => { $("notice").textContent = ""; }, 5000);
}

async function problemText(response) {
  const problem = await response.json().catch(() => ({}));
  return problem.detail || `The server answered ${response.status}.`;
}

// ---- one tweet ----------------------------------------------------------------------------------------------------

function fillContent(element, text) {
  const tag = /(^|[^\p{L}\p{N}_])#([\p{L}\p{N}_]+)/gu;
  let from = 0;
  for (const match of text.matchAll(tag)) {
    const start = match.index + match[1].length;
    element.append(text.slice(from, start));
    const link = document.createElement("a");
    link.href = `#tag=${encodeURIComponent(match[2])}`;
    link.textContent = `#${match[2]}`;
    element.append(link);
    from = start + match[2].length + 1;
  }
  element.append(text.slice(from));
}

function showLikes(entry) {
  entry.count.textContent = entry.likes.toLocaleString("en");
  entry.button.setAttribute("aria-label", `Like, ${entry.likes} ${entry.likes === 1 ? "like" : "likes"}`);
}

function raiseLikes(id, likes) {
  const entry = shown.get(id);
  if (!entry || likes <= entry.likes) return;
  entry.likes = likes;
  showLikes(entry);
}

function makeTweet(tweet) {
  const item = $("tweet").content.firstElementChild.cloneNode(true);
  const part = (name) => item.querySelector(name);
  part(".avatar").textContent = [...tweet.display_name][0] || "?";
  part(".avatar").classList.add(`hue-${tweet.user_id % 6}`);
  part(".display-name").textContent = tweet.display_name;
  part(".username").textContent = `@${tweet.username}`;
  const time = part("time");
  time.dateTime = tweet.created_at;
  time.title = new Date(tweet.created_at).toLocaleString();
  time.textContent = timeAgo(tweet.created_at);
  fillContent(part(".content"), tweet.content);
  const entry = { tweet, likes: tweet.likes, time, button: part(".like"), count: part(".count") };
  showLikes(entry);
  entry.button.addEventListener("click", () => like(tweet.id));
  shown.set(tweet.id, entry);
  return item;
}

async function like(id) {
  const entry = shown.get(id);
  entry.likes += 1;
  entry.button.classList.add("liked");
  entry.button.classList.remove("beat");
  requestAnimationFrame(() => entry.button.classList.add("beat"));
  showLikes(entry);
  for (let attempt = 1; ; ++attempt) {
    let response = null;
    try {
      response = await fetch(`/api/tweets/${id}/like`, { method: "POST" });
    } catch {
      return notice("Your like may not have arrived: the server cannot be reached.");
    }
    if (response.ok) return raiseLikes(id, (await response.json()).likes);
    // 503 says that nothing was counted, so it is safe to ask again.
    if (response.status !== 503 || attempt === kLikeAttempts) return notice(await problemText(response));
    await new Promise((resume) => setTimeout(resume, 1000 * (Number(response.headers.get("Retry-After")) || 1)));
  }
}

// ---- the list -----------------------------------------------------------------------------------------------------

function urlFromHash() {
  const tag = new URLSearchParams(location.hash.slice(1)).get("tag");
  $("filter").hidden = !tag;
  $("filter-name").textContent = tag ? `#${tag}` : "";
  const limit = `limit=${kPageSize}`;
  return tag ? `/api/tweets/hashtag/search?query=${encodeURIComponent(tag)}&${limit}` : `/api/tweets?${limit}`;
}

async function fetchList(url, cache = "default") {
  const response = await fetch(url, { cache });
  if (!response.ok) throw new Error(await problemText(response));
  const next = /<([^>]*)>;\s*rel="next"/.exec(response.headers.get("Link") || "");
  return { tweets: await response.json(), next: next && next[1] };
}

function setOlder(url) {
  olderUrl = url;
  $("more").hidden = !url;
}

async function showList() {
  const url = urlFromHash();
  listUrl = url;
  list.setAttribute("aria-busy", "true");
  try {
    const { tweets, next } = await fetchList(url);
    if (url !== listUrl) return; // another one was asked for meanwhile
    shown.clear();
    waitingNews = [];
    $("news").hidden = true;
    list.replaceChildren(...tweets.map(makeTweet));
    $("empty").hidden = tweets.length > 0;
    setOlder(next);
  } catch (error) {
    notice(error.message);
  } finally {
    list.setAttribute("aria-busy", "false");
  }
}

async function showOlder() {
  const url = olderUrl;
  if (!url) return;
  setOlder(null);
  try {
    const { tweets, next } = await fetchList(url);
    list.append(...tweets.filter((tweet) => !shown.has(tweet.id)).map(makeTweet));
    setOlder(next);
  } catch (error) {
    setOlder(url);
    notice(error.message);
  }
}

async function refresh() {
  if (document.hidden || !listUrl) return;
  for (const entry of shown.values()) entry.time.textContent = timeAgo(entry.tweet.created_at);
  try {
    const url = listUrl;
    const { tweets } = await fetchList(url, "no-cache");
    if (url !== listUrl) return;
    for (const tweet of tweets) raiseLikes(tweet.id, tweet.likes);
    waitingNews = tweets.filter((tweet) => !shown.has(tweet.id));
    $("news").hidden = waitingNews.length === 0;
    $("news").textContent = waitingNews.length === 1 ? "Show 1 new tweet" : `Show ${waitingNews.length} new tweets`;
  } catch {
    // The next turn tries again; whoever clicks something is told.
  }
}

function showNews() {
  list.prepend(...waitingNews.filter((tweet) => !shown.has(tweet.id)).map(makeTweet));
  waitingNews = [];
  $("news").hidden = true;
  $("empty").hidden = true;
  list.focus();
}

// ---- writing ------------------------------------------------------------------------------------------------------

const field = $("content");
const send = $("compose").querySelector("button");

function countCharacters() {
  const left = kMaxCharacters - [...field.value].length;
  $("remaining").textContent = left < 0 ? `${-left} too many` : `${left} left`;
  $("remaining").classList.toggle("over", left < 0);
  send.disabled = left < 0 || field.value.trim() === "";
}

async function post(event) {
  event.preventDefault();
  if (send.disabled) return;
  send.disabled = true;
  try {
    const response = await fetch("/api/tweets", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ content: field.value }),
    });
    if (!response.ok) throw new Error(await problemText(response));
    const tweet = await response.json();
    field.value = "";
    if (!shown.has(tweet.id)) list.prepend(makeTweet(tweet));
    $("empty").hidden = true;
    notice("Posted.");
  } catch (error) {
    notice(error.message);
  }
  countCharacters();
  field.focus();
}

field.addEventListener("input", countCharacters);
field.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) $("compose").requestSubmit();
});
$("compose").addEventListener("submit", post);
$("more").addEventListener("click", showOlder);
$("news").addEventListener("click", showNews);
window.addEventListener("hashchange", showList);
document.addEventListener("visibilitychange", refresh);
new IntersectionObserver((entries) => { if (entries.some((e) => e.isIntersecting)) showOlder(); },
  { rootMargin: "400px" }).observe($("more"));
setInterval(refresh, kRefreshMs);
showList();
