// The tests of the pages, against the stack at $ROOST_URL. tests/web/test_pages.py starts both.

import { Board } from "./board.mjs";
import { newPerson, openPage, startBrowser, write } from "./browser.mjs";
import { lookAtAll } from "./looks.mjs";
import * as rough from "./rough.mjs";
import { story } from "./story.mjs";

const kOlder = 45; // more than a page of the timeline

const board = new Board(process.env.ROOST_LABEL || "pages");
let browser = null;
let friend = null;
let hostile = null;

// All writes come before the first read: reads may be a minute old.
const ready = await board.test("a browser, two people and what they wrote", async () => {
  browser = await startBrowser();
  friend = await newPerson("jay", { display_name: "Jay Corvid", bio: "Acorns." });
  hostile = await newPerson("magpie", { display_name: rough.kHostile.display_name, bio: rough.kHostile.bio });
  for (let i = 1; i <= kOlder; ++i) await write(friend, `Acorn number ${i}, buried in the #garden and not forgotten.`);
  await write(hostile, rough.kHostile.content);
});
if (!ready) process.exit(1);

async function doings() {
  const page = await openPage(browser);
  await board.story(story(page, friend));
  await page.context().close();
  await board.test("text that is markup is shown as text", () => rough.hostileTextIsText(browser, hostile));
  await board.test("the policy stops scripts and styles in a page", () => rough.thePolicyHolds(browser));
  await board.test("older tweets come as the end comes near", () => rough.theListGoesOn(browser, kOlder + 1));
  await board.test("everything is done by keyboard", () => rough.byKeyboardAlone(browser, friend));
  await board.test("a token that ended leads to the door", () => rough.anEndedTokenLeadsToTheDoor(browser, friend));
  await board.test("without a network it says so", () => rough.offlineIsSaid(browser));
  await board.test("a like that is refused is sent again", () => rough.aRefusedLikeIsSentAgain(browser));
  await board.test("an unknown address has a page", () => rough.anUnknownAddressHasAPage(browser));
  await board.test("new tweets and likes are told", () => rough.newTweetsAreTold(browser));
  await board.test("the log is live and filtered", () => rough.theLogIsLive(browser));
  await board.test("an empty log says so", () => rough.anEmptyLogSaysSo(browser));
  await board.test("a log that may not be read is not asked for again", () => rough.aForbiddenLogIsLeftAlone(browser));
}

async function looks() {
  for (const scheme of ["light", "dark"]) {
    for (const width of [360, 1280]) {
      const name = `names, contrast and width: ${scheme}, ${width}`;
      await board.test(name, () => lookAtAll(browser, friend, scheme, width));
    }
  }
}

await Promise.all([doings(), process.env.ROOST_LOOKS ? looks() : null]); // looks() only reads
await browser.close();
process.exit(board.failed ? 1 : 0);
