// The tests of the pages, against the stack at $ROOST_URL. tests/web/test_pages.py starts both.

import { Reporter } from "./reporter.mjs";
import { newPerson, openPage, startBrowser, write } from "./browser.mjs";
import { lookAtAll } from "./appearance.mjs";
import * as edge from "./edge_cases.mjs";
import { sessionTests } from "./session.mjs";

const kOlder = 45; // more than a page of the timeline

const reporter = new Reporter(process.env.ROOST_LABEL || "pages");
let browser = null;
let friend = null;
let hostile = null;

// All writes come before the first read: reads may be a minute old.
const ready = await reporter.test("a browser, two people and what they wrote", async () => {
  browser = await startBrowser();
  friend = await newPerson("jay", { display_name: "Jay Corvid", bio: "Acorns." });
  hostile = await newPerson("magpie", { display_name: edge.kHostile.display_name, bio: edge.kHostile.bio });
  for (let i = 1; i <= kOlder; ++i) await write(friend, `Acorn number ${i}, buried in the #garden and not forgotten.`);
  await write(hostile, edge.kHostile.content);
});
if (!ready) process.exit(1);

async function behaviour() {
  const page = await openPage(browser);
  await reporter.sequence(sessionTests(page, friend));
  await page.context().close();
  await reporter.test("text that is markup is shown as text", () => edge.hostileTextIsText(browser, hostile));
  await reporter.test("the policy stops scripts and styles in a page", () => edge.thePolicyHolds(browser));
  await reporter.test("older tweets are loaded on scrolling", () => edge.theListGoesOn(browser, kOlder + 1));
  await reporter.test("everything works by keyboard", () => edge.byKeyboardAlone(browser, friend));
  await reporter.test("an expired token leads to the log-in", () => edge.anExpiredToken(browser, friend));
  await reporter.test("a notice is shown without a network", () => edge.offlineIsShown(browser));
  await reporter.test("likes are retried, failed ones taken back", () => edge.likesAreRetried(browser));
  await reporter.test("an unknown address has a page", () => edge.anUnknownAddressHasAPage(browser));
  await reporter.test("new tweets and likes are announced", () => edge.newTweetsAreAnnounced(browser));
  await reporter.test("the log is updated and filtered", () => edge.theLogIsLive(browser));
  await reporter.test("an empty log has its own text", () => edge.anEmptyLogSaysSo(browser));
  await reporter.test("a log that may not be read is not polled", () => edge.aForbiddenLogIsNotPolled(browser));
}

async function appearance() {
  for (const scheme of ["light", "dark"]) {
    for (const width of [360, 1280]) {
      const name = `names, contrast and width: ${scheme}, ${width}`;
      await reporter.test(name, () => lookAtAll(browser, friend, scheme, width));
    }
  }
}

await Promise.all([behaviour(), process.env.ROOST_LOOKS ? appearance() : null]); // appearance() only reads
await browser.close();
process.exit(reporter.failed ? 1 : 0);
