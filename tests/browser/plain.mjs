// The same console with JavaScript switched off: filters, paging and forms work as
// pages. `node plain.mjs URL PASSWORD`; prints what happened, a line each.
import { base, browser, reader, rest, say } from "./reader.mjs";

const [password] = rest;
const page = await reader({ width: 390, height: 800 }, { javaScriptEnabled: false });
const press = (button) => Promise.all([page.waitForNavigation(), button.click()]);

await page.goto(base + "/sign-in");
await page.locator("[name=name]").fill("duty");
await page.locator("[name=password]").fill(password);
await press(page.locator("main button"));
say("signed in", new URL(page.url()).pathname);
await page.goto(base + "/");
await page.locator("#filter select[name=level]").selectOption("red");
await press(page.locator("#filter button"));
say("filtered", new URL(page.url()).searchParams.get("level"));
await page.goto(base + "/");
await press(page.locator("#alerts table a").first());
say("glance", (await page.locator(".glance dt").count()) > 2);
await press(page.locator(".glance .work a").first());
const form = (name) => page.locator(`form:has(input[name=do][value="${name}"])`);
await press(form("acknowledge").locator("button"));
say("acknowledged", await page.locator(".steps .here").innerText());
await form("assign").locator('[value="one"]').check();
await form("assign").locator("[name=registered]").fill("南屿区");
await press(form("assign").locator("button"));
say("refused", await page.locator("#assign-investigators-error").count(), await form("assign").locator("[name=registered]").inputValue());
await form("assign").locator('[value="two"]').check();
await press(form("assign").locator("button"));
say("assigned", await page.locator(".steps .here").innerText());
await browser.close();
