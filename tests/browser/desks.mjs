// The other desks in a real browser: the data engineer's, the analyst's, the
// official's at the feed, the administrator's and the auditor's.
// `node desks.mjs URL PASSWORD [FOLDER]`; prints what happened, a line each; with a
// folder, pictures of the pages go there.
import { base, browser, reader, rest, say } from "./reader.mjs";

const [password, pictures] = rest;

async function signIn(name) {
  const page = await reader();
  await page.goto(base + "/sign-in");
  await page.locator("[name=name]").fill(name);
  await page.locator("[name=password]").fill(password);
  await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
  return page;
}

const where = (page) => new URL(page.url()).pathname;
const picture = async (page, name) => pictures && page.screenshot({ path: `${pictures}/${name}.png`, fullPage: true });
// What a link or button brings, be it a page or a part in place of another.
async function changed(page, act) {
  await page.evaluate(() => { document.getElementById("main").dataset.old = "yes"; });
  await act();
  await page.waitForFunction(() => {
    const main = document.getElementById("main");
    return document.readyState === "complete" && main && !main.dataset.old;
  });
}
const press = (page, button) => changed(page, () => button.click());
const figure = async (page, place) => Number((await page.locator(".head .figure b").nth(place).innerText()).replace(",", ""));

// The data engineer looks at the new source, what was refused, and mends it.
const engineer = await signIn("engineer");
say("engineer", where(engineer));
await engineer.locator('a[href="/sources/consumer/complaint"]').click();
await engineer.waitForSelector("table.facts");
const before = [await figure(engineer, 1), await figure(engineer, 2), await figure(engineer, 3)];
say("accepted, rejected, matched", before.join(" "));
await engineer.locator("form.line [name=text]").fill("与消委会核对");
await press(engineer, engineer.locator("form.line button"));
say("as it came", (await engineer.locator("[role=status] pre").innerText()).split(",")[0]);
await picture(engineer, "source");
const csrf = await engineer.locator("[name=csrf]").first().inputValue();
const row = (await engineer.locator("[role=status] pre").innerText()).trim().replace("昨天", "2025-06-20");
const pushed = await engineer.request.post(base + "/api/v1/sources/consumer/complaint/records", {
  headers: { "content-type": "text/csv", "x-csrf-token": csrf },
  data: "投诉编号,企业代码,投诉人,投诉日期\n" + row + "\n",
});
say("pushed", pushed.status());
await engineer.goto(base + "/sources/consumer/complaint");
say("mended", (await figure(engineer, 1)) - before[0], (await figure(engineer, 3)) - before[2]);

// The analyst follows a score back, tries other rules and looks at the models.
const analyst = await signIn("analyst");
say("analyst", where(analyst));
await analyst.locator("#alerts table a").first().click();
await analyst.waitForSelector(".parts");
say("sums", (await analyst.locator(".check.holds").innerText()).includes("✓"));
say("line over time", await analyst.locator("svg.steps").count());
await analyst.locator('a[href*="since="]').last().click();
await analyst.waitForSelector("#why-now h3");
say("since", (await analyst.locator("#why-now h3").innerText()).length > 5);
await analyst.locator("details.part summary").first().click();
say("records", (await analyst.locator("details.part[open] tbody tr").count()) > 0);
const token = await analyst.locator("[name=csrf]").first().inputValue();
const tried = await analyst.request.post(base + "/api/v1/whatif", {
  headers: { "x-csrf-token": token, "content-type": "application/json" },
  data: JSON.stringify({ set: ["levels.thresholds.blue=30"] }),
});
say("what if", tried.status());
say("models", (await analyst.goto(base + "/models")).status());
await analyst.goto(base + "/queue");
await analyst.locator("[name=capacity]").fill("4");
await press(analyst, analyst.locator("form.line button"));
say("queue", await analyst.locator("table.list tbody tr").count());
await picture(analyst, "queue");

// The official at the feed: by keyboard, filtered, empty, printed, in English.
const duty = await signIn("duty");
say("duty", where(duty));
await picture(duty, "cases");
await duty.goto(base + "/");
say("new", (await duty.locator("#news li").count()) > 0);
await picture(duty, "feed");
await press(duty, duty.locator("#news form button"));
say("seen", await duty.locator("#news li").count());
await duty.locator("select[name=level]").focus();
await duty.keyboard.press("ArrowDown");
await duty.keyboard.press("Tab");
await duty.keyboard.press("Tab");
await changed(duty, () => duty.keyboard.press("Enter"));
say("filtered by keyboard", new URL(duty.url()).search.includes("level=red"));
await duty.goto(base + "/?level=red&status=retracted");
say("empty", (await duty.locator("#alerts .empty").innerText()).trim());
await duty.goto(base + "/");
await duty.locator("#alerts table a").first().click();
await duty.waitForSelector("#graph canvas, #graph.empty, .parts");
await duty.emulateMedia({ media: "print" });
say("printed without menu", !(await duty.locator("nav").isVisible()), await duty.locator("h1").isVisible());
const sheets = (await duty.pdf({ preferCSSPageSize: true })).toString("latin1").match(/\/Type\s*\/Page[^s]/g).length;
say("printed on two sheets at most", sheets <= 2 || sheets);
await duty.emulateMedia({ media: "screen" });
await press(duty, duty.locator("a.lang"));
say("English", await duty.evaluate(() => document.documentElement.lang), await duty.locator("a.brand").innerText());
await picture(duty, "enterprise");
say("lost", (await duty.goto(base + "/nowhere")).status(), await duty.locator("h1").innerText());

// The administrator adds a colleague; the auditor sees that, and that the log holds.
const administrator = await signIn("administrator");
say("administrator", where(administrator));
await administrator.locator("[name=name]").fill("colleague");
await administrator.locator("[name=display]").fill("同事");
await administrator.locator('[name=role][value="investigator"]').check();
await press(administrator, administrator.locator("details.action button"));
say("added", where(administrator));
await picture(administrator, "person");
const auditor = await signIn("auditor");
say("auditor", where(auditor));
await auditor.locator("[name=kind]").fill("person.add");
await press(auditor, auditor.locator("form.filter button"));
say("in the log", (await auditor.locator("tbody tr").first().innerText()).includes("person/colleague"));
await press(auditor, auditor.locator('a[href="/audit?verify=yes"]'));
say("whole", await auditor.locator("[role=status]").count());
await picture(auditor, "audit");
await browser.close();
