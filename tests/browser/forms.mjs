// The forms on an enterprise's page: suppressing, opening a case, unmasking. What is
// refused stands beside its form with what was typed; with a script the page stays.
// `node forms.mjs URL PASSWORD [plain]`; with `plain` JavaScript is switched off.
import { base, browser, reader, rest, say } from "./reader.mjs";

const [password, mode] = rest;
const plain = mode === "plain";

async function signIn(name) {
  const page = await reader(undefined, { javaScriptEnabled: !plain });
  await page.goto(base + "/sign-in");
  await page.locator("[name=name]").fill(name);
  await page.locator("[name=password]").fill(password);
  await Promise.all([page.waitForNavigation(), page.locator("main button").click()]);
  return page;
}

// Sends a form; tells whether the page stayed.
async function send(page, form) {
  if (plain) {
    await Promise.all([page.waitForNavigation(), form.locator("button").click()]);
    return "loaded";
  }
  await page.evaluate(() => { document.getElementById("main").dataset.old = "yes"; window.stayed = true; });
  await form.locator("button").click();
  await page.waitForFunction(() => !document.getElementById("main").dataset.old);
  return page.evaluate(() => (window.stayed ? "in place" : "loaded anew"));
}

const alerted = async (page) => page.evaluate(() => document.activeElement.getAttribute("role") || "nothing");
const place = (page) => new URL(page.url()).pathname.replace(/[0-9A-Z]{18}/, "ID").replace(/C\d+$/, "C");
const form = (page, what) => page.locator(`form:has(input[name=do][value="${what}"])`);

// Suppressing: for too long, then for a month.
const duty = await signIn("duty");
await duty.goto(base + "/");
const path = await duty.locator("#alerts table a").first().getAttribute("href");
await duty.goto(base + path);
await duty.locator("details.action summary").first().click();
await form(duty, "suppress").locator("[name=text]").fill("重复线索");
await form(duty, "suppress").locator("[name=until]").fill("2031-01-01");
say("suppress", await send(duty, form(duty, "suppress")));
const kept = form(duty, "suppress");
say("refused", await kept.locator("[role=alert]").count(), await kept.locator("[name=text]").inputValue(), await kept.locator("[name=until]").inputValue(), plain || await alerted(duty));
await kept.locator("[name=until]").fill("2025-07-20");
say("suppress", await send(duty, kept), place(duty), await duty.locator("tbody tr").count());

// A case, once.
await duty.goto(base + path);
say("open", await send(duty, form(duty, "open")), place(duty), await duty.locator("ol.steps").count());
await duty.goto(base + path);
say("opened", await form(duty, "open").count(), await duty.locator(".glance .work a").count());

// Unmasking: a mark that is nobody's, then one of the page.
const one = await signIn("one");
await one.goto(base + path);
const masks = one.locator("#masks form");
await masks.locator("[name=subject]").fill("account 00000000");
await masks.locator("[name=text]").fill("核对");
say("unmask", await send(one, masks));
say("refused", await one.locator("#masks [role=alert]").count(), await masks.locator("[name=subject]").inputValue(), await masks.locator("[name=text]").inputValue());
const mark = await one.locator("#marks option").first().getAttribute("value");
await masks.locator("[name=subject]").fill(mark);
say("unmask", await send(one, masks), await one.locator("#masks [role=status] b").count());
if (!plain) {
  const drawn = () => one.locator("#graph").count().then(async (there) => !there || (await one.locator("#graph canvas").count()) > 0);
  await one.waitForFunction(() => !document.getElementById("graph") || document.querySelector("#graph canvas"));
  say("graph drawn again", await drawn());
}
await one.goto(base + path);
say("shown once", await one.locator("#masks [role=status]").count());
await browser.close();
