// Officials work a case from its list to its outcome, by keyboard and mouse, in a
// real browser. `node office.mjs URL PASSWORD`; prints what happened, a line each.
// Wants `playwright-core` below the folder that TOCSIN_BROWSER names, and Chromium.
import { base, browser, reader, rest, say } from "./reader.mjs";

const [password] = rest;

async function signIn(name, size = { width: 1280, height: 900 }) {
  const page = await reader(size);
  await page.goto(base + "/sign-in");
  await page.locator("[name=name]").fill(name);
  await page.keyboard.press("Tab");
  await page.keyboard.insertText(password);
  await Promise.all([page.waitForURL(base + "/cases"), page.keyboard.press("Enter")]);
  return page;
}

async function act(page, name, fill = async () => {}) {
  const form = page.locator("details.action", { has: page.locator(`input[name=do][value="${name}"]`) });
  if ((await form.getAttribute("open")) === null) {
    await form.locator("summary").click();
  }
  await fill(form);
  await page.evaluate(() => { document.getElementById("main").dataset.old = "yes"; });
  await form.locator("button").click();
  await page.waitForFunction(() => !document.getElementById("main").dataset.old);
  const refused = await page.locator("[role=alert]").allTextContents();
  say(name, refused.length ? "refused: " + refused[0] : await page.locator(".steps .here").innerText());
}

const say_so = (text) => (form) => form.locator("textarea").fill(text);

const anyone = await reader({ width: 1280, height: 900 });
say("without an account", (await anyone.goto(base + "/")).status());

const duty = await signIn("duty");
await duty.locator("table.list tbody a").first().click();
await duty.waitForSelector(".steps");
const path = new URL(duty.url()).pathname;
await act(duty, "acknowledge");
await act(duty, "assign", async (form) => {
  await form.locator('input[value="one"]').check();
  await form.locator('input[value="two"]').check();
  await form.locator("[name=registered]").fill("南屿区");
});
const [one, two, head] = [await signIn("one"), await signIn("two"), await signIn("head", { width: 390, height: 800 })];
await one.goto(base + path);
await act(one, "check", say_so("办公场所无人"));
say("judge with one finding", (await one.locator('input[name=do][value="judge"]').count()) ? "is offered" : "is not offered");
await two.goto(base + path);
await act(two, "check", say_so("同行核查"));
await one.goto(base + path);
await act(one, "judge", async (form) => {
  await form.locator('input[value="yes"]').check();
  await form.locator("textarea").fill("属实");
});
await act(one, "propose", async (form) => {
  await form.locator("select").selectOption("transfer");
  await form.locator("textarea").fill("涉嫌犯罪");
});
await head.goto(base + path);
const wide = await head.evaluate(() => document.documentElement.scrollWidth > innerWidth + 1);
say("on a phone", wide ? "too wide" : "it fits");
await act(head, "approve", say_so("同意"));
await one.goto(base + path);
await act(one, "carry", say_so("已移送"));
await act(one, "label", async (form) => {
  await form.locator('input[value="transferred"]').check();
  await form.locator("textarea").fill("公安机关已受理");
});
await Promise.all([one.waitForNavigation(), one.locator("form.person button").click()]);
say("signed out", (await one.goto(base + path)).status());
await browser.close();
