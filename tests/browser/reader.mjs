// What every script here begins with: Chromium, the arguments (the server's address,
// then the script's own), and readers who tell of what no page may do.
import { createRequire } from "node:module";

export const require = createRequire(process.env.TOCSIN_BROWSER + "/");
export const [base, ...rest] = process.argv.slice(2);
export const browser = await require("playwright-core").chromium.launch({
  executablePath: process.env.TOCSIN_CHROMIUM || "/usr/bin/chromium",
  args: ["--no-sandbox"],
});
export const say = (...words) => console.log(words.join(" "));

// A page with cookies of its own. Nothing may come from elsewhere, no script may fail,
// and none may want what the content security policy forbids.
export async function reader(viewport = { width: 1280, height: 900 }, options = {}) {
  const page = await (await browser.newContext({ viewport, ...options })).newPage();
  page.on("request", (asked) => asked.url().startsWith(base) || say("FOREIGN", asked.url()));
  page.on("pageerror", (fault) => say("SCRIPT", fault.message));
  page.on("console", (line) => line.text().includes("Content Security Policy") && say("POLICY", line.text()));
  return page;
}
