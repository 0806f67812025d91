// An open feed while its server goes away and comes back: it says so, and shows what
// happened meanwhile, once. `node feed.mjs URL MARK`; makes the file MARK when it is
// live, and prints what happened, a line each.
import { writeFileSync } from "node:fs";
import { base, browser, reader, rest, say } from "./reader.mjs";

const [mark] = rest;
const page = await reader();
await page.goto(base + "/");
const live = (state) => page.waitForFunction((wanted) => document.getElementById("live").className === wanted, state);
await live("on");
const before = await page.locator("#feed > li").count();
writeFileSync(mark, "");
await live("off");
say("away", await page.locator("#live").innerText());
await live("on");
await page.waitForFunction((count) => document.querySelectorAll("#feed > li").length > count, before);
const places = await page.evaluate(() => [...document.querySelectorAll("#feed > li")].map((row) => Number(row.dataset.seq)));
say("back", new Set(places).size === places.length ? "each once" : "TWICE " + places);
say("in order", places.every((place, at) => at === 0 || places[at - 1] > place));
await browser.close();
