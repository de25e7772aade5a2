// A Chromium that records errors: of the console, of scripts and of the content security policy.

import { mkdirSync } from "node:fs";
import { chromium } from "playwright-core";

export const kWait_ms = 30000 * Number(process.env.ROOST_TIME_SCALE || 1); // for a condition, on a slow machine
export const kBase = process.env.ROOST_URL;
const kShots = process.env.ROOST_SHOTS;

export async function startBrowser() {
  return chromium.launch({
    executablePath: process.env.ROOST_CHROMIUM || "/usr/bin/chromium",
    timeout: 2 * kWait_ms,
    args: ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"],
  });
}

/** A page in a profile of its own. `complaints` holds what went wrong in it. */
export async function openPage(browser, { scheme = "light", width = 1280, height = 900 } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, baseURL: kBase });
  context.setDefaultTimeout(kWait_ms);
  const page = await context.newPage();
  page.complaints = [];
  page.on("pageerror", (error) => page.complaints.push(`script: ${error.stack}`));
  page.on("dialog", (dialog) => {
    page.complaints.push(`a script opened a dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("console", (message) => {
    // A 401 is logged as a failed resource; the tests check how the page handles it.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
      page.complaints.push(`console: ${message.text()}`);
  });
  return page;
}

/** Calls `question()` until it answers something true. */
export async function until(question, what) {
  const deadline_ms = Date.now() + kWait_ms;
  for (;;) {
    const answer = await question();
    if (answer) return answer;
    if (Date.now() > deadline_ms) throw new Error(`waited ${kWait_ms / 1000} s for ${what}`);
    await new Promise((resume) => setTimeout(resume, 50));
  }
}

export async function shoot(page, name) {
  if (!kShots) return;
  mkdirSync(kShots, { recursive: true });
  await page.screenshot({ path: `${kShots}/${name}.png`, animations: "disabled" });
}

/** A call of the API past the browser; answers its JSON. */
export async function api(method, path, { json, form, token } = {}) {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  if (json) headers["Content-Type"] = "application/json";
  const body = json ? JSON.stringify(json) : form ? new URLSearchParams(form) : undefined;
  const response = await fetch(kBase + path, { method, headers, body });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path} was answered ${response.status}: ${text}`);
  return JSON.parse(text);
}

export const kPassword = "a quiet password";

/** Somebody new, past the browser: {id, username, display_name, token}. */
export async function newPerson(username, more = {}) {
  await api("POST", "/api/users/register",
    { json: { username, email: `${username}@example.org`, password: kPassword, ...more } });
  const { id, access_token } = await api("POST", "/api/users/login", { form: { username, password: kPassword } });
  return { id, username, display_name: more.display_name || username, token: access_token };
}

export const write = (person, content) =>
  api("POST", "/api/tweets", { json: { content }, token: person.token });

export async function logIn(page, username, query = "") {
  await page.goto(`/login${query}`);
  await page.getByLabel("User name").fill(username);
  await page.getByLabel("Password").fill(kPassword);
  await page.getByRole("main").getByRole("button", { name: "Log in" }).click();
  await page.getByRole("link", { name: /^Your profile/ }).waitFor();
}

export const tweetWith = (page, text) => page.locator("article.tweet").filter({ hasText: text });
