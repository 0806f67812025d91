// A case from the feed to its outcome by keyboard alone, and what is refused on the
// way: beside its field, with the focus on it and nothing typed lost.
// `node keyboard.mjs URL PASSWORD`; prints what happened, a line each.
import { base, browser, reader, rest, say } from "./reader.mjs";

const [password, pictures] = rest;
const MOST_TABS = 250;

async function begin() {
  const page = await reader();
  await page.goto(base + "/sign-in");
  await page.waitForFunction(() => document.activeElement.name === "name");
  return page;
}

// Tabs on until the focus is on what fits; where it stands has to be seen.
async function tabTo(page, selector) {
  for (let tabs = 0; tabs < MOST_TABS; tabs += 1) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate((wanted) => {
      const here = document.activeElement;
      const style = getComputedStyle(here);
      const seen = here === document.body || style.outlineStyle !== "none" || here.matches(":not(:focus-visible)");
      return { fits: here.matches(wanted), seen, what: here.outerHTML.slice(0, 80) };
    }, selector);
    if (!at.seen) {
      say("UNSEEN", at.what);
    }
    if (at.fits) {
      return;
    }
  }
  throw new Error("no Tab leads to " + selector);
}

async function signIn(name) {
  const page = await begin();
  await page.keyboard.type(name);
  await page.keyboard.press("Tab");
  await page.keyboard.insertText(password);
  await Promise.all([page.waitForURL(base + "/cases"), page.keyboard.press("Enter")]);
  return page;
}

const go = async (page, selector) => {
  await tabTo(page, selector);
  await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
};

// Sends a form in place: the page stays, its main part is another.
async function send(page, name) {
  await tabTo(page, `form:has(input[name=do][value="${name}"]) button`);
  await page.evaluate(() => { document.getElementById("main").dataset.old = "yes"; window.stayed = true; });
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => !document.getElementById("main").dataset.old);
  await page.waitForFunction(() => document.getElementById("said").textContent !== document.getElementById("said").dataset.busy);
}

async function unfold(page, name) {
  const form = page.locator("details.action", { has: page.locator(`input[name=do][value="${name}"]`) });
  if ((await form.getAttribute("open")) === null) {
    const place = await form.evaluate((part) => [...part.parentElement.children].indexOf(part) + 1);
    await tabTo(page, `details.action:nth-child(${place}) > summary`);
    await page.keyboard.press("Enter");
  }
}

async function now(page) {
  return page.evaluate(() => [
    document.querySelector(".steps .here").textContent,
    window.stayed ? "in place" : "loaded anew",
    document.getElementById("main").contains(document.activeElement) ? "focus kept" : "focus lost",
    document.getElementById("said").textContent ? "said" : "silent",
  ].join(", "));
}

const duty = await signIn("duty");
await duty.keyboard.press("Tab");
say("first stop", await duty.evaluate(() => document.activeElement.className));
await duty.keyboard.press("Enter");
say("skipped to", await duty.evaluate(() => document.activeElement.id));
await duty.goto(base + "/");
await tabTo(duty, "#filter select[name=level]");
await duty.keyboard.press("ArrowDown");
await tabTo(duty, "#filter button");
await duty.evaluate(() => { window.stayed = true; });
await duty.keyboard.press("Enter");
await duty.waitForURL(/level=red/);
await duty.waitForFunction(() => document.getElementById("feed").dataset.level === "red");
say("filtered", await duty.evaluate(() => (window.stayed ? "in place" : "loaded anew")));
await duty.goBack();
await duty.waitForFunction(() => document.getElementById("feed")?.dataset.level === "");
say("back", new URL(duty.url()).search || "to all");
await go(duty, "#alerts table a");
say("alert", await duty.locator(".glance dt").first().innerText());
await go(duty, ".glance .work a");
await unfold(duty, "acknowledge");
await send(duty, "acknowledge");
say("acknowledge", await now(duty));
// One investigator is too few.
await unfold(duty, "assign");
await tabTo(duty, "#assign-investigators-one");
await duty.keyboard.press("Space");
await tabTo(duty, "#assign-registered");
await duty.keyboard.insertText("南屿区");
await send(duty, "assign");
say("refused", await duty.evaluate(() => [
  document.activeElement.matches("[aria-invalid=true]") ? "focus on the field" : "focus elsewhere: " + document.activeElement.outerHTML.slice(0, 60),
  document.querySelector("#assign-investigators-error").getAttribute("role"),
  document.querySelector("#assign-registered").value,
  document.querySelector("#assign-investigators-one").checked,
].join(", ")));
if (pictures) {
  await duty.screenshot({ path: `${pictures}/refused.png`, fullPage: true, caret: "initial" });
}
await tabTo(duty, "#assign-investigators-two");
await duty.keyboard.press("Space");
await send(duty, "assign");
say("assign", await now(duty));
const path = new URL(duty.url()).pathname;
const [one, two] = [await signIn("one"), await signIn("two")];
for (const page of [one, two]) {
  await go(page, `table a[href="${path}"]`);
  await unfold(page, "check");
  await tabTo(page, "#check-text");
  await page.keyboard.insertText("正常经营");
  await send(page, "check");
  say("check", await now(page));
}
await one.goto(base + path);
await unfold(one, "judge");
await tabTo(one, "[name=founded]");
await one.keyboard.press("ArrowRight");
await tabTo(one, "#judge-text");
await one.keyboard.insertText("不属实");
await send(one, "judge");
say("judge", await now(one));
// To the outcome from the list: the case, the outcome, its button.
await one.goto(base + "/cases");
await go(one, `table a[href="${path}"]`);
say("unfolded", await one.locator("details.action[open] input[name=do]").getAttribute("value"));
await tabTo(one, "[name=outcome]");
await one.locator('[name=outcome][value="unfounded"]').focus();
await one.keyboard.press("Space");
await tabTo(one, "#label-text");
await one.keyboard.insertText("经核查不实");
await send(one, "label");
say("without a reason", await one.evaluate(() => document.activeElement.id));
await tabTo(one, "#label-reason").catch(() => {});
await one.locator("#label-reason").focus();
await one.keyboard.press("ArrowDown");
await send(one, "label");
say("label", await now(one));
// No trap: Tab leads through the whole page and out of it.
await one.evaluate(() => document.activeElement.blur());
let stops = 0;
do {
  await one.keyboard.press("Tab");
  stops += 1;
} while (stops < MOST_TABS && await one.evaluate(() => document.activeElement !== document.body));
say("no trap", stops < MOST_TABS);
await browser.close();
