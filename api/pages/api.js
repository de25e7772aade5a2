// Client of the workers' API. Every failure becomes an ApiError whose message can be shown to the user.

import { session } from "./session.js";

const kTimeout_ms = 20000;
const kAttempts = 5;
const kRetryable = new Set([0, 502, 503, 504]);  // no answer, or a transient error

export class ApiError extends Error {
  /** status 0: no answer. `field` names the wrong field of a form, or is empty. */
  constructor(status, detail, field = "", retryAfter_s = 0) {
    super(detail);
    this.status = status;
    this.field = field;
    this.retryAfter_s = retryAfter_s;
  }
  get unreachable() { return this.status === 0; }
}

function noAnswer(error) {
  if (error.name === "TimeoutError") return new ApiError(0, "The server took too long to answer.");
  return new ApiError(0, navigator.onLine ? "The server cannot be reached." : "You are offline.");
}

/** "username: at least 3 characters" is shown at that field, as "At least 3 characters." */
function sentence(detail, field) {
  if (!field || !detail.startsWith(`${field}: `)) return detail;
  const rest = detail.slice(field.length + 2);
  return rest.charAt(0).toUpperCase() + rest.slice(1) + (/[.!?]$/.test(rest) ? "" : ".");
}

async function problemOf(response) {
  const problem = await response.json().catch(() => ({}));
  const detail = typeof problem.detail === "string" ? problem.detail : `The server answered ${response.status}.`;
  const field = typeof problem.field === "string" ? problem.field : "";
  const retryAfter_s = Number(response.headers.get("Retry-After")) || 0;
  return new ApiError(response.status, sentence(detail, field), field, retryAfter_s);
}

/**
 * Makes one call. `json` or `form` is its body; `auth` sends the token, which public reads must not do, since caches
 * share them; `fresh` bypasses the browser's cache. Resolves to {data, next}: the body, and the path of the next page
 * or "".
 */
export async function call(method, path, { json, form, auth = false, fresh = false, headers = {} } = {}) {
  const signal = AbortSignal.timeout(kTimeout_ms);
  const request = { method, headers: { Accept: "application/json", ...headers }, signal };
  if (json !== undefined) {
    request.headers["Content-Type"] = "application/json";
    request.body = JSON.stringify(json);
  }
  if (form) request.body = new URLSearchParams(form);
  if (auth && session.token) request.headers.Authorization = `Bearer ${session.token}`;
  if (fresh) request.cache = "no-cache";
  const token = session.token;
  let response;
  let data = null;
  try {
    response = await fetch(path, request);
    if (response.ok && response.status !== 204) data = await response.json();
  } catch (error) {
    throw noAnswer(error);
  }
  if (response.ok) return { data, next: nextPage(response) };
  const problem = await problemOf(response);
  if (auth && problem.status === 401 && token && token === session.token) session.end({ expired: true });
  throw problem;
}

function nextPage(response) {
  const link = /<([^>]*)>\s*;\s*rel="?next"?/.exec(response.headers.get("Link") || "");
  if (!link) return "";
  const url = new URL(link[1], response.url);
  return url.pathname + url.search;
}

export const get = async (path, options) => (await call("GET", path, options)).data;

/** An idempotency key, unique for each click. */
function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Sends a like. It counts once per key, so a retry is safe even if the answer was lost; no other write is retried. */
export async function like(id) {
  const headers = { "Idempotency-Key": newKey() };
  for (let attempt = 1; ; ++attempt) {
    try {
      return (await call("POST", `/api/tweets/${id}/like`, { headers })).data;
    } catch (error) {
      if (!kRetryable.has(error.status) || attempt === kAttempts) throw error;
      await new Promise((resume) => setTimeout(resume, 1000 * (error.retryAfter_s || 1)));
    }
  }
}

export const postTweet = async (content) => (await call("POST", "/api/tweets", { json: { content }, auth: true })).data;
export const editTweet = async (id, content) =>
  (await call("PATCH", `/api/tweets/${id}`, { json: { content }, auth: true })).data;
export const deleteTweet = (id) => call("DELETE", `/api/tweets/${id}`, { auth: true });
export const register = (fields) => call("POST", "/api/users/register", { json: fields });
export const deleteAccount = (id) => call("DELETE", `/api/users/${id}`, { auth: true });

export async function logIn(username, password) {
  const { data } = await call("POST", "/api/users/login", { form: { username, password } });
  session.begin(data.access_token, data);
}

/** Discards the token even if the server cannot be reached. */
export async function logOut() {
  const done = call("POST", "/api/users/logout", { auth: true }).catch(() => {});
  session.end();
  await done;
}

/** The user with exactly this name, or a 404. One's own profile bypasses the browser's cache. */
export async function personNamed(username) {
  const own = session.user?.username.toLowerCase() === username.toLowerCase();
  if (own) return get("/api/users/me", { auth: true });
  const { user } = await get(`/api/users/search?q=${encodeURIComponent(username)}`);
  if (user.username.toLowerCase() !== username.toLowerCase()) throw new ApiError(404, "There is no user of that name.");
  return user;
}
