// The session of one user: each test continues where the previous one ended.

import assert from "node:assert/strict";
import { kPassword, tweetWith, until } from "./browser.mjs";

const kText = "A wren in the hedge, at last. #birdsong";

export function sessionTests(page, friend) {
  const main = page.getByRole("main");
  const note = page.locator("#notice");
  const field = (label) => main.getByLabel(label, { exact: true });
  const mine = () => tweetWith(page, "in the hedge");
  const likes = () => mine().locator(".count");

  async function registers() {
    await page.goto("/");
    await main.getByRole("link", { name: "Join Roost" }).click();
    await main.getByRole("button", { name: "Join" }).click();
    assert.equal(await page.locator("#username-error").textContent(), "Please fill this in.");
    assert.equal(await field("User name").getAttribute("aria-invalid"), "true");
    await field("User name").fill(friend.username);
    await field("E-mail").fill("wren@example.org");
    await field("Password").fill(kPassword);
    await field("Name").fill("Wren Ashby");
    await main.getByRole("button", { name: "Join" }).click();
    await page.getByText(/taken|exists|in use/i).waitFor(); // the server's text
    await field("User name").fill("wren");
    await main.getByRole("button", { name: "Join" }).click();
    await page.getByRole("link", { name: "Your profile, Wren Ashby" }).waitFor();
    assert.equal(new URL(page.url()).pathname, "/");
  }

  async function logsOutAndIn() {
    await page.getByRole("button", { name: "Log out" }).click();
    await main.getByRole("link", { name: "Log in" }).click();
    await field("User name").fill("wren");
    await field("Password").fill("not the password");
    await main.getByRole("button", { name: "Log in" }).click();
    await until(async () => (await main.locator(".form-error").textContent()) !== "", "the refusal");
    await field("Password").fill(kPassword);
    await main.getByRole("button", { name: "Log in" }).click();
    await page.getByRole("link", { name: "Your profile, Wren Ashby" }).waitFor();
    await page.reload();
    await page.getByRole("link", { name: "Your profile, Wren Ashby" }).waitFor();
  }

  async function posts() {
    const text = field("What is going on?");
    const post = main.getByRole("button", { name: "Post" });
    assert.equal(await post.isDisabled(), true);
    await text.fill("🐦".repeat(280));
    assert.equal(await main.locator(".left").textContent(), "0 left");
    assert.equal(await post.isDisabled(), false);
    await text.fill("🐦".repeat(281));
    assert.equal(await main.locator(".left").textContent(), "1 too many");
    assert.equal(await post.isDisabled(), true);
    await text.fill(kText);
    await post.click();
    await mine().waitFor();
    assert.equal(await text.inputValue(), "");
    await page.reload();
    await mine().waitFor();
    assert.match(await mine().locator("time").getAttribute("datetime"), /^\d{4}-\d\d-\d\dT.*Z$/);
  }

  async function likesFiveTimes() {
    let taken = 0;
    page.on("response", (response) => { taken += response.url().endsWith("/like") && response.status() === 202; });
    const button = mine().getByRole("button", { name: /^Like/ });
    const seen = await button.evaluate((element) => {
      const counts = [];
      for (let i = 0; i < 5; ++i) {
        element.click();
        counts.push(element.querySelector(".count").textContent);
      }
      return counts;
    });
    assert.deepEqual(seen, ["1", "2", "3", "4", "5"]);
    await until(() => taken === 5, "five answers");
    assert.equal(await likes().textContent(), "5");
    assert.equal(await button.getAttribute("aria-label"), "Like, 5 likes");
    await page.reload();
    await mine().waitFor();
    assert.equal(await likes().textContent(), "5");
    await mine().locator(".when").click();
    await page.getByRole("heading", { name: "Tweet", level: 1 }).waitFor();
    await mine().waitFor();
    assert.equal(await likes().textContent(), "5");
    await page.goBack();
    await mine().waitFor();
  }

  async function searches() {
    await mine().getByRole("link", { name: "#birdsong" }).click();
    await page.getByRole("heading", { name: "#birdsong", level: 1 }).waitFor();
    await mine().waitFor();
    assert.equal(await page.locator("article.tweet").count(), 1);
    const box = page.getByRole("searchbox");
    assert.equal(await box.inputValue(), "#birdsong");
    await box.fill("WREN hedge");
    await box.press("Enter");
    await page.getByRole("heading", { name: "“WREN hedge”" }).waitFor();
    await mine().waitFor();
    await box.fill("ＡＣＯＲＮ"); // the server folds more than a browser's toLowerCase
    await box.press("Enter");
    await tweetWith(page, "Acorn number 45").waitFor();
    await box.fill(friend.username);
    await box.press("Enter");
    await main.getByRole("region", { name: "Person" }).getByRole("link", { name: friend.display_name }).click();
    await page.getByRole("heading", { name: friend.display_name, level: 1 }).waitFor();
  }

  async function follows() {
    const named = (name) => main.getByRole("button", { name: `${name} ${friend.display_name}`, exact: true });
    await named("Follow").click();
    await named("Following").waitFor();
    await main.getByText("1 follower", { exact: true }).waitFor();
    await page.reload();
    await named("Following").waitFor();
    await page.goto("/following");
    const row = main.getByRole("article").filter({ hasText: friend.display_name });
    await row.getByRole("button").click();
    await row.getByRole("button", { name: `Follow ${friend.display_name}`, exact: true }).waitFor();
    await page.goto("/followers");
    await main.getByText("Nobody follows you yet").waitFor();
  }

  async function edits() {
    await page.goto("/people/wren");
    await mine().getByRole("button", { name: "Edit" }).click();
    const dialog = page.getByRole("dialog", { name: "Edit your tweet" });
    const text = dialog.getByRole("textbox");
    assert.equal(await text.inputValue(), kText);
    await text.fill("Two wrens in the hedge. #nesting");
    await dialog.getByRole("button", { name: "Save" }).click();
    await dialog.waitFor({ state: "detached" });
    await tweetWith(page, "Two wrens").getByText("edited").waitFor();
    assert.equal(await likes().textContent(), "5");
    await page.goto("/");
    await tweetWith(page, "Two wrens").waitFor();
    assert.equal(await tweetWith(page, "at last").count(), 0);
  }

  async function deletes() {
    await mine().getByRole("button", { name: "Delete" }).click();
    const dialog = page.getByRole("dialog", { name: "Delete this tweet?" });
    await dialog.getByRole("button", { name: "Keep" }).click();
    await dialog.waitFor({ state: "detached" });
    const button = mine().getByRole("button", { name: "Delete" });
    assert.equal(await button.evaluate((element) => element === document.activeElement), true);
    await button.click();
    await dialog.getByRole("button", { name: "Delete" }).click();
    await mine().waitFor({ state: "detached" });
    await until(() => page.evaluate(() => document.activeElement !== document.body), "the focus to go on");
    await page.reload();
    await page.locator("article.tweet").first().waitFor();
    assert.equal(await mine().count(), 0);
  }

  async function leaves() {
    await page.getByRole("button", { name: "Log out" }).click();
    await main.getByRole("link", { name: "Join Roost" }).waitFor();
    assert.match(await note.textContent(), /logged out/);
    assert.equal(await page.evaluate(() => localStorage.getItem("roost.session")), null);
    assert.equal(await page.getByRole("button", { name: "Edit" }).count(), 0);
    assert.deepEqual(page.complaints, []);
  }

  return [
    ["registers, with errors at their fields", registers],
    ["logs out, and in again", logsOutAndIn],
    ["posts with a hashtag", posts],
    ["likes five times, and the count stays", likesFiveTimes],
    ["searches hashtags, words and people", searches],
    ["follows and unfollows", follows],
    ["edits", edits],
    ["deletes", deletes],
    ["logs out, with no error on the console", leaves],
  ];
}
