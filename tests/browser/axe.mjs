// Every page against axe-core's rules of WCAG 2 A and AA: by each role, in both
// languages, on a desk and on a phone. `node axe.mjs URL PASSWORD`; prints a line per
// role with how many pages were looked at, and one per violation. Wants
// `playwright-core` and `axe-core` below the folder that TOCSIN_BROWSER names.
import { readFileSync } from "node:fs";
import { base, browser, reader, require, rest, say } from "./reader.mjs";

const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const [password, pictures] = rest;
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
const SIZES = { desk: { width: 1280, height: 900 }, phone: { width: 390, height: 800 } };
// Links that lead from a list to one of its kind: one each is enough.
const KINDS = ["/enterprises/", "/cases/", "/sources/", "/people/", "/models/"];

// Evaluated over the debugger's wire, so that the content security policy stays as
// it is for the page's own scripts.
async function violations(page) {
  await page.evaluate(axe);
  return page.evaluate(async (tags) => {
    const found = await window.axe.run(document, { runOnly: tags, resultTypes: ["violations"] });
    return found.violations.map((rule) => [rule.id, rule.nodes.length, rule.nodes[0].target.join(" "), rule.nodes[0].failureSummary.split("\n")[1] || ""].join(" | "));
  }, TAGS);
}

async function look(page, role, path) {
  for (const lang of ["zh", "en"]) {
    await page.context().addCookies([{ name: "tocsin_lang", value: lang, url: base }]);
    for (const [size, viewport] of Object.entries(SIZES)) {
      await page.setViewportSize(viewport);
      await page.goto(base + path);
      // What is folded away has to hold as well.
      await page.evaluate(() => document.querySelectorAll("details").forEach((part) => { part.open = true; }));
      for (const line of await violations(page)) {
        say("VIOLATION", role, lang, size, path, line);
      }
      if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth + 1)) {
        say("TOO WIDE", role, lang, size, path);
      }
      if (pictures) {
        await page.screenshot({ path: `${pictures}/${role}-${lang}-${size}${path.replace(/[^A-Za-z0-9]+/g, "-")}.png`, fullPage: true });
      }
    }
  }
}

// The pages that a reader is offered, and one page of each kind that those lead to.
async function offered(page, start) {
  const paths = new Set([start]);
  const links = () => page.evaluate(() => [...document.querySelectorAll("a[href^='/']")].map((link) => link.getAttribute("href")));
  await page.goto(base + start);
  for (const path of await page.evaluate(() => [...document.querySelectorAll("header a[href^='/']")].map((link) => link.getAttribute("href")))) {
    paths.add(path);
  }
  for (const path of [...paths]) {
    await page.goto(base + path);
    for (const kind of KINDS) {
      const known = [...paths].some((one) => one.startsWith(kind));
      const one = (await links()).find((link) => link.startsWith(kind) && !link.endsWith("/card"));
      if (!known && one) {
        paths.add(one);
      }
    }
  }
  return paths;
}

const blank = { ...SIZES.desk };
const stranger = await reader(blank);
await look(stranger, "nobody", "/sign-in");
await look(stranger, "nobody", "/");
say("nobody", 2);

for (const role of ["duty", "investigator", "head", "analyst", "engineer", "administrator", "auditor"]) {
  const page = await reader(blank);
  await page.goto(base + "/sign-in");
  await page.locator("[name=name]").fill(role);
  await page.locator("[name=password]").fill(password);
  await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
  const paths = await offered(page, new URL(page.url()).pathname);
  for (const path of [...paths, "/nowhere"]) {
    await look(page, role, path);
  }
  say(role, [...paths].sort().map((path) => "/" + path.split("/")[1]).filter((path, place, all) => all.indexOf(path) === place).join(" "));
}
await browser.close();
