// Injection attempts, an expired token, no network, failing likes, the log; and use by keyboard only.

import assert from "node:assert/strict";
import { kBase, logIn, openPage, tweetWith, until } from "./browser.mjs";

export const kHostile = {
  display_name: "<img src=x onerror=\"window.hacked=1\">",
  bio: "</p><script>window.hacked=2</script>",
  content: "<script>window.hacked=3</script><svg onload=window.hacked=4> \" ' & javascript:window.hacked=5 #a<b>c</b>",
};

export async function hostileTextIsText(browser, hostile) {
  const page = await openPage(browser);
  const names = new RegExp("onerror");
  const [own, named] = [`/people/${hostile.username}`, `/search?q=${hostile.username}`];
  for (const path of ["/", own, "/search?q=script", named, "/people"]) {
    await page.goto(path);
    await page.getByText(names).first().waitFor();
    if (path !== named && path !== "/people") {
      const tweet = tweetWith(page, "hacked=3").first();
      await tweet.waitFor();
      assert.equal(await tweet.locator(".content").textContent(), kHostile.content);
    }
    assert.equal(await page.locator("main img[src=x], main .content svg, main .content b, main script").count(), 0);
    assert.equal(await page.evaluate(() => window.hacked), undefined);
  }
  await page.goto("/search?q=%3Cimg%20src%3Dx%20onerror%3Dwindow.hacked%3D6%3E");
  await page.getByRole("heading", { level: 1 }).waitFor();
  for (const next of ["https://example.org/", "//example.org/", "/\\example.org/"]) {
    await logIn(page, hostile.username, `?next=${encodeURIComponent(next)}`);
    await until(() => page.url() === `${kBase}/`, "the timeline"); // never another site
    await page.getByRole("button", { name: "Log out" }).click();
  }
  assert.equal(await page.evaluate(() => window.hacked), undefined);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
}

export async function thePolicyHolds(browser) {
  const page = await openPage(browser);
  await page.goto("/");
  await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "window.hacked = 7";
    document.body.append(script);
    document.body.insertAdjacentHTML("beforeend", "<p style='color: red' onclick='window.hacked = 8'>x</p>");
    document.body.lastElementChild.click();
  });
  assert.equal(await page.evaluate(() => window.hacked), undefined);
  await until(() => page.complaints.some((text) => /Content Security Policy/.test(text)), "the browser to complain");
  await page.context().close();
}

export async function anExpiredToken(browser, person) {
  const page = await openPage(browser);
  await logIn(page, person.username);
  await page.evaluate(() => {
    const session = JSON.parse(localStorage.getItem("roost.session"));
    localStorage.setItem("roost.session", JSON.stringify({ ...session, token: `${session.token.slice(0, -3)}AAA` }));
  });
  await page.reload();
  await page.getByText("Your log-in has expired").waitFor();
  await page.getByLabel("User name").fill(person.username);
  await page.getByLabel("Password").fill("a quiet password");
  await page.getByRole("main").getByRole("button", { name: "Log in" }).click();
  const writing = page.getByLabel("What is going on?");
  await writing.fill("half a sentence");
  await page.evaluate(() => {
    const session = JSON.parse(localStorage.getItem("roost.session"));
    localStorage.setItem("roost.session", JSON.stringify({ ...session, token: "ended" }));
    window.dispatchEvent(new StorageEvent("storage", { key: "roost.session" })); // like another tab
  });
  await page.getByRole("button", { name: "Post" }).click();
  await page.getByText("Your log-in has expired").waitFor();
  await logIn(page, person.username);
  assert.equal(await writing.inputValue(), "half a sentence");
  assert.deepEqual(page.complaints, []);
  await page.context().close();
}

export async function offlineIsShown(browser) {
  const page = await openPage(browser);
  const bar = page.getByText("You are offline. What you see may be old.");
  for (const [path, landmark] of [["/search?q=%23nobodysaidthis", ".state"], ["/", "article.tweet"]]) {
    await page.goto(path);  // a short page and a long one
    await page.locator(landmark).first().waitFor();
    await page.context().setOffline(true);
    await bar.waitFor();
    assert.equal(Math.round(await bar.evaluate((shown) => innerHeight - shown.getBoundingClientRect().bottom)), 0);
    await page.context().setOffline(path === "/");
  }
  await page.getByRole("link", { name: "People" }).click();
  await page.getByRole("alert").getByText("You are offline").waitFor();
  await page.context().setOffline(false);
  await page.locator("article.person").first().waitFor();
  await page.goBack();
  await page.locator("article.tweet").first().waitFor();
  assert.deepEqual(page.complaints, []);
  await page.context().close();
}

export async function theListGoesOn(browser, count) {
  const page = await openPage(browser, { width: 360, height: 740 });
  await page.goto("/");
  const tweets = page.locator("article.tweet");
  await tweets.first().waitFor();
  const before = await tweets.count();
  assert.ok(before < count, `${before} of ${count} at once`);
  await until(async () => {
    await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight));
    return page.getByText("There are no older tweets.").isVisible();
  }, "the oldest tweet");
  assert.ok((await tweets.count()) >= count);
  const ids = await tweets.evaluateAll((all) => all.map((one) => Number(one.dataset.id)));
  assert.deepEqual(ids, [...new Set(ids)].sort((a, b) => b - a));
  // The list is unchanged after leaving and going back.
  const place = await tweets.nth(count - 2).evaluate((tweet) => {
    tweet.scrollIntoView({ block: "center" });
    return window.scrollY;
  });
  await tweets.nth(count - 2).locator(".when").click();
  await page.getByRole("heading", { name: "Tweet", level: 1 }).waitFor();
  await page.goBack();
  await until(async () => Math.abs((await page.evaluate(() => window.scrollY)) - place) < 5, "the same position");
  await page.context().close();
}

export async function likesAreRetried(browser) {
  const page = await openPage(browser);
  let asked = 0;
  const keys = new Set();
  await page.route("**/like", async (route) => {
    keys.add(route.request().headers()["idempotency-key"]);
    if (++asked > 2) return route.continue();
    if (asked === 1) {  // Taken, but its answer is lost.
      assert.equal((await route.fetch()).status(), 202);
      return route.abort();
    }
    return route.fulfill({ status: 503, headers: { "Retry-After": "1" }, json: { detail: "Busy." } });
  });
  await page.goto("/");
  const tweet = page.locator("article.tweet").first();
  const count = Number(await tweet.locator(".count").textContent());
  await tweet.getByRole("button", { name: /^Like/ }).click();
  assert.equal(Number(await tweet.locator(".count").textContent()), count + 1);
  await page.waitForResponse((response) => response.status() === 202);
  assert.equal(asked, 3);
  assert.equal(keys.size, 1);
  await page.unroute("**/like");
  await page.route("**/like", (route) => route.abort());
  await tweet.getByRole("button", { name: /^Like/ }).click();
  await page.getByText("Your like was not counted.").waitFor();
  assert.equal(Number(await tweet.locator(".count").textContent()), count + 1, "the like is taken back");
  assert.ok(await tweet.locator(".like.liked").isVisible(), "the first one stays");
  const other = page.locator("article.tweet").nth(1);
  const before = Number(await other.locator(".count").textContent());
  await other.getByRole("button", { name: /^Like/ }).click();
  await until(async () => (await other.locator(".like.liked").count()) === 0, "an empty heart");
  assert.equal(Number(await other.locator(".count").textContent()), before);
  await page.reload();
  await tweet.waitFor();
  assert.equal(Number(await tweet.locator(".count").textContent()), count + 1);
  await page.context().close();
}

export async function anUnknownAddressHasAPage(browser) {
  const page = await openPage(browser);
  const answer = await page.goto("/nowhere");
  assert.equal(answer.status(), 404);
  await page.getByText("There is no page at this address").waitFor();
  await page.getByRole("link", { name: "Back to the timeline" }).click();
  await page.locator("article.tweet").first().waitFor();
  assert.deepEqual(page.complaints, []);
  await page.context().close();
}

export async function newTweetsAreAnnounced(browser) {
  const page = await openPage(browser);
  await page.clock.install();
  await page.goto("/");
  const first = page.locator("article.tweet").first();
  await first.waitFor();
  const likes = Number(await first.locator(".count").textContent());
  await page.route("**/api/tweets?*", async (route) => {
    const response = await route.fetch();
    const [newest, ...older] = await response.json();
    const fresh = { ...newest, id: newest.id + 1000, content: "Just posted." };
    await route.fulfill({ response, json: [fresh, { ...newest, likes: likes + 7 }, ...older] });
  });
  await page.clock.fastForward(16000);
  await page.getByRole("button", { name: "Show 1 new tweet" }).click();
  await tweetWith(page, "Just posted.").waitFor();
  const counts = await page.locator(".count").allTextContents();
  assert.equal(Number(counts[1]), likes + 7);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
}

export async function theLogIsLive(browser) {
  const page = await openPage(browser);
  await page.goto("/logs");
  const rows = page.locator("tbody tr");
  await rows.first().waitFor();
  await page.getByText("answers from its cache reach no worker and are not listed. Query strings are not").waitFor();
  await page.getByLabel("Kind").selectOption("api");
  await page.getByLabel("Method or operation").fill("get");
  await page.getByLabel("Path or table begins with").fill("/api/users/search");
  const unseen = `/api/users/search?q=${Date.now()}`;
  await page.evaluate((path) => fetch(path), unseen);
  const shown = () => rows.evaluateAll((all) => all.map((row) => row.querySelector(".subject").textContent));
  await until(async () => {
    const subjects = await shown();
    return subjects.length > 0 && subjects.every((subject) => subject.startsWith("/api/users/search"));
  }, "the filtered rows");
  // A call and its accesses to the database are marked together.
  await page.getByLabel("Method or operation").fill("");
  await page.getByLabel("Path or table begins with").fill("");
  await page.getByLabel("Kind").selectOption("");
  const query = `?q=${Date.now()}`;
  await page.evaluate((path) => fetch(path), `/api/users/search${query}`);
  const call = page.locator("tr.api", { hasText: "/api/users/search" }).first();
  await until(async () => {
    await call.getByRole("button").click();
    const marked = await page.locator("tr.together").evaluateAll((all) => all.map((one) => one.className));
    return marked.some((name) => name.startsWith("api")) && marked.some((name) => name.startsWith("db"));
  }, "a call with its accesses");
  await page.getByLabel("Path or table begins with").fill("/nothing/begins/so");
  await page.getByText("No record in the log matches these filters.").waitFor();
  await page.getByLabel("Path or table begins with").fill("/api/users/search");
  const live = page.getByRole("button", { name: "Live" });
  await live.click();
  await page.getByRole("button", { name: "Paused", pressed: false }).waitFor();
  await page.reload(); // the filters are in the address
  assert.equal(await page.getByLabel("Path or table begins with").inputValue(), "/api/users/search");
  assert.deepEqual(page.complaints, []);
  await page.context().close();
}

export async function anEmptyLogSaysSo(browser) {
  const page = await openPage(browser);
  await page.route("**/logs?*", (route) => route.fulfill({ json: {
    requests: [], db_accesses: [], request_count: 0, db_access_count: 0, incomplete: false,
  } }));
  await page.goto("/logs");
  await page.getByText("API calls and database accesses appear here as they happen.").waitFor();
  assert.equal(await page.locator("table").isVisible(), false);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
}

export async function aForbiddenLogIsNotPolled(browser) {
  const page = await openPage(browser);
  let asked = 0;
  await page.route("**/logs?*", (route) => {
    ++asked;
    return route.fulfill({ status: 403, json: { detail: "[logs] access can change that." } });
  });
  await page.clock.install();
  await page.goto("/logs");
  await page.getByText("The log is not shown here").waitFor();
  assert.equal(await page.getByRole("button", { name: "Live" }).count(), 0);
  assert.ok(!(await page.locator("main").textContent()).includes("[logs]"));
  await page.clock.fastForward(20000);
  assert.equal(asked, 1);
  await page.context().close();
}

export async function byKeyboardAlone(browser, person) {
  const page = await openPage(browser);
  const press = (key) => page.keyboard.press(key);
  const focused = () => page.evaluate(() => {
    const element = document.activeElement;
    return element.getAttribute("aria-label") || element.textContent.trim() || element.id;
  });
  async function tabTo(wanted) {
    for (let i = 0; i < 60; ++i) {
      await press("Tab");
      if (wanted.test(await focused())) return;
    }
    throw new Error(`Tab never came to ${wanted}; it is at "${await focused()}"`);
  }
  await page.goto("/");
  await page.locator("article.tweet").first().waitFor();
  await press("Tab");
  assert.equal(await focused(), "Skip to the content");
  const ring = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.notEqual(ring, "none");
  await tabTo(/^Log in$/);
  await press("Enter");
  await page.getByLabel("User name").waitFor();
  await until(async () => (await focused()) === "username", "the first field to have the focus");
  await page.keyboard.type(person.username);
  await press("Tab");
  await page.keyboard.type("a quiet password");
  await press("Enter");
  await page.getByLabel("What is going on?").waitFor();
  await tabTo(/^content$/);
  await page.keyboard.type("Typed, never clicked.");
  await press("Control+Enter");
  await tweetWith(page, "Typed, never").waitFor();
  await tabTo(/^Like, 0 likes$/);
  await press("Enter");
  await press("Space");
  await until(async () => /^Like, 2/.test(await focused()), "two likes");
  await press("Tab");
  assert.equal(await focused(), "Edit");
  await press("Enter");
  await page.getByRole("dialog").waitFor();
  await press("Escape");
  await until(async () => (await focused()) === "Edit", "the focus to come back");
  await press("Tab");
  await press("Enter");
  await page.getByRole("dialog").waitFor();
  await press("Tab");
  assert.equal(await focused(), "Delete");
  await press("Enter");
  await tweetWith(page, "Typed, never").waitFor({ state: "detached" });
  assert.deepEqual(page.complaints, []);
  await page.context().close();
}
