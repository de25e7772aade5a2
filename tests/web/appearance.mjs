// Each view in both themes and two widths: takes a screenshot, and measures contrast and layout.

import assert from "node:assert/strict";
import { logIn, openPage, shoot, tweetWith } from "./browser.mjs";

/** Runs in the page. Finds controls without a name, ids used twice, text with too little contrast, and a page wider
 *  than the screen. Backgrounds are taken from the nearest opaque ancestor, which is how these pages are painted. */
function faults() {
  const found = [];
  const seen = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  const nameOf = (element) => element.getAttribute("aria-label") || element.textContent.trim() ||
    [...(element.labels || [])].map((label) => label.textContent.trim()).join(" ");
  for (const element of document.querySelectorAll("a[href], button, input, select, textarea, [role=region]")) {
    if (seen(element) && !element.closest("[aria-hidden=true]") && !nameOf(element))
      found.push(`no name: ${element.outerHTML.slice(0, 120)}`);
  }
  for (const image of document.images) if (!image.hasAttribute("alt")) found.push(`no alt: ${image.outerHTML}`);
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  for (const id of new Set(ids)) if (ids.filter((other) => other === id).length > 1) found.push(`id used twice: ${id}`);
  if (document.querySelectorAll("h1").length !== 1) found.push(`${document.querySelectorAll("h1").length} h1`);

  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const channels = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const luminance = ([r, g, b]) => [r, g, b].map((value) => value / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    .reduce((sum, value, i) => sum + value * [0.2126, 0.7152, 0.0722][i], 0);
  const groundOf = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = channels(getComputedStyle(at).backgroundColor);
      if (colour[3] > 220) return colour;
    }
    return channels("white");
  };
  // Borders of fields against their surroundings and against the field itself (WCAG 2.1, 1.4.11), and round avatars.
  const contrastOf = (one, other) => {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  for (const field of document.querySelectorAll("input, select, textarea:not(.compose textarea)")) {
    if (!seen(field)) continue;
    const border = channels(getComputedStyle(field).borderTopColor);
    const least = Math.min(contrastOf(border, groundOf(field)), contrastOf(border, groundOf(field.parentElement)));
    if (least < 3) found.push(`border ${least.toFixed(2)}: #${field.id}`);
  }
  for (const avatar of document.querySelectorAll(".avatar")) {
    const { width, height } = avatar.getBoundingClientRect();
    if (seen(avatar) && Math.abs(width - height) > 0.5) found.push(`an avatar of ${width} by ${height}`);
  }
  // On a phone a bio has the width of its card, not what is left beside the button.
  for (const bio of document.querySelectorAll(".person .bio")) {
    const share = bio.getBoundingClientRect().width / bio.closest(".person").getBoundingClientRect().width;
    if (innerWidth < 500 && share < 0.75) found.push(`a bio in ${Math.round(share * 100)}% of its card`);
  }
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const reported = new Set();
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || !seen(element)) continue;
    if (element.closest(".skip, .unseen, noscript, :disabled, [aria-disabled]")) continue;
    const style = getComputedStyle(element);
    const [low, high] = [luminance(channels(style.color)), luminance(groundOf(element))].sort((a, b) => a - b);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
    const contrast = (high + 0.05) / (low + 0.05);
    const what = `contrast ${contrast.toFixed(2)}: .${element.className} "${node.data.trim().slice(0, 30)}"`;
    if (contrast < (large ? 3 : 4.5) && !reported.has(what)) reported.add(what);
  }
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (wide > 0) found.push(`${wide} pixels wider than the screen`);
  return [...found, ...reported];
}

const kViews = [
  ["timeline", "/", "article.tweet"], ["search", "/search?q=%23garden", "article.tweet"],
  ["people", "/people", "article.person"], ["log", "/logs", "tbody tr"],
  ["log-in", "/login?expired=1", ".account-form"],
  ["register", "/register", ".account-form"], ["nothing", "/search?q=%23nobodysaidthis", ".state"],
  ["nowhere", "/tweets/999999999", ".state"],
];

const kOwnViews = [
  ["own-timeline", "/", "article.tweet"], ["own-profile", "", "header.profile"],
  ["own-people", "/people", ".follow"],
  ["following", "/following", "main .state, article.person"],
];

/** Visits all views in one theme and width; fails with a list of what is wrong. */
export async function lookAtAll(browser, person, scheme, width) {
  const page = await openPage(browser, { scheme, width, height: width < 500 ? 740 : 900 });
  const wrong = [];
  async function look(name) {
    wrong.push(...(await page.evaluate(faults)).map((fault) => `${name}: ${fault}`));
    await shoot(page, `${name}-${scheme}-${width}`);
  }
  async function visit([name, path, landmark]) {
    await page.goto(path || `/people/${person.username}`);
    await page.locator(landmark).first().waitFor();
    await look(name);
  }
  for (const view of kViews) await visit(view);
  await logIn(page, person.username);
  for (const view of kOwnViews) await visit(view);
  const own = tweetWith(page, "garden").first();
  await page.goto(`/people/${person.username}`);
  for (const name of ["Edit", "Delete"]) {
    await own.getByRole("button", { name }).click();
    await page.getByRole("dialog").waitFor();
    await look(`dialog-${name.toLowerCase()}`);
    await page.keyboard.press("Escape");
  }
  assert.deepEqual([...wrong, ...page.complaints], []);
  await page.context().close();
}
