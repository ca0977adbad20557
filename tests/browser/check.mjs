// Holds a report's page against a real browser: accessibility, the keyboard, narrow windows, no network, no script.
//
//     node check.mjs PAGE [FOLDER FOR SCREENSHOTS]
//
// See README.md. Prints a line a check, and exits with 1 where one fails.
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

// Not imported, so that NODE_PATH may say where they are.
const require = createRequire(import.meta.url);
const { chromium } = require("playwright-core");
const axe = require.resolve("axe-core/axe.min.js");
const [file, folder] = process.argv.slice(2);
const address = pathToFileURL(resolve(file)).href;
const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];
const BLINK = 100; // milliseconds: what a key may take

let failed = 0;
const check = (what, holds, found = "") => {
  failed += !holds;
  console.log(`${holds ? "ok    " : "FAILED"} ${what}${found === "" ? "" : `: ${found}`}`);
};
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });

async function open(width, colorScheme, options = {}) {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme, bypassCSP: true, ...options });
  page.complaints = [];
  page.on("console", (message) => page.complaints.push(message.text()));
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  page.on("request", (request) => request.url() === address || page.complaints.push(`asked for ${request.url()}`));
  await page.goto(address);
  return page;
}

// bypassCSP above is for axe alone, which is a script that the page does not know; here the policy holds.
{
  const page = await open(1280, "light", { bypassCSP: false });
  check("the policy lets the page's own style and script work", page.complaints.length === 0, page.complaints.join());
  const table = page.locator("#matrix.ready");
  check("the script ran", (await table.count()) === 1);
  const blocked = await page.evaluate(async () => {
    let violated = 0;
    document.addEventListener("securitypolicyviolation", () => (violated += 1));
    const script = document.createElement("script");
    script.textContent = "globalThis.ran = true";
    document.body.append(script);
    const image = new Image();
    image.src = "image.png";
    await new Promise((done) => setTimeout(done, 200));
    return violated === 2 && !globalThis.ran;
  });
  check("the policy stops another script and another file", blocked);
  await page.close();
}

for (const width of [1280, 400]) {
  for (const scheme of ["light", "dark"]) {
    const page = await open(width, scheme);
    const where = `${width} pixels, ${scheme}`;
    await page.addScriptTag({ path: axe });
    const shoot = async (name) => {
      if (!folder) return;
      mkdirSync(folder, { recursive: true });
      await page.screenshot({ path: join(folder, `${name}-${width}-${scheme}.png`), fullPage: true });
    };
    const audit = async (state) => {
      const { violations } = await page.evaluate(() => globalThis.axe.run({ resultTypes: ["violations"] }));
      const told = violations.map(({ id, impact, nodes }) => `${id} (${impact}, ${nodes.length}): ${nodes[0].html}`);
      check(`axe finds nothing, ${state}, ${where}`, violations.length === 0, told.join("; "));
      const [needed, there] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      check(`the page never scrolls sideways, ${state}, ${where}`, needed <= there, `${needed} of ${there}`);
    };
    await audit("closed");
    await shoot("closed");
    for (const summary of await page.locator(".lists details:not([open]) summary").elementHandles()) await summary.click();
    for (const button of (await page.locator("#matrix tbody:not([hidden]) th button").all()).slice(0, 3)) {
      await button.click();
    }
    await audit("open");
    await shoot("open");
    check(`nothing is complained of, ${where}`, page.complaints.length === 0, page.complaints.join());
    await page.close();
  }
}

// The keyboard alone.
{
  const page = await open(1280, "light");
  const total = await page.locator("#matrix tbody").count();
  const focused = () => page.evaluate(() => document.activeElement.textContent.trim().slice(0, 80));
  const visible = () => page.locator("#matrix tbody:visible").count();
  const first = () => page.locator("#matrix tbody:visible .name").first().textContent();
  const said = () => page.locator("#shown").textContent();
  const reach = async (selector) => {
    for (let presses = 0; presses < 60 + total; presses += 1) {
      if (await page.evaluate((wanted) => document.activeElement.matches(wanted), selector)) return true;
      await page.keyboard.press("Tab");
    }
    return false;
  };
  check("Tab reaches the search", await reach("#search"));
  const ring = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  check("what has the focus shows it", ring === "solid", ring);
  const name = await page.locator("#matrix tbody .name").last().textContent();
  await page.keyboard.type(name);
  check("typing a name finds it", (await visible()) >= 1 && (await visible()) < total, await said());
  check("what is shown is told", / of /.test(await said()) && (await page.getAttribute("#shown", "role")) === "status");
  check("Tab reaches Reset", await reach('[type="reset"]'));
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => !document.getElementById("shown").textContent.includes(" of "));
  check("Enter resets", true, await said());
  check("Tab reaches the header of a column", await reach("#matrix thead button"));
  const before = await first();
  const unsorted = await page.getAttribute("#matrix thead th", "aria-sort");
  await page.keyboard.press("Space");
  const order = await page.getAttribute("#matrix thead th", "aria-sort");
  check("Space sorts the other way", order !== unsorted && (await first()) !== before, await first());
  check("Tab reaches a project", await reach("#matrix tbody th button"));
  await page.keyboard.press("Enter");
  const opened = page.locator('#matrix tbody button[aria-expanded="true"]');
  check("Enter opens its story", (await page.locator(".story:visible").count()) === 1 && (await opened.count()) === 1);
  check("the focus stays on it", (await focused()) === (await opened.textContent()));
  if (await page.locator(".story a").count()) {
    await reach(".story a");
    const wanted = await focused();
    await page.keyboard.press("Enter");
    await page.waitForTimeout(100);
    check("a link in a story opens that project", (await focused()) === wanted, `${wanted}, ${await focused()}`);
  }
  await page.selectOption("#outcome", "gap");
  const gap = ":has([data-outcome='pypi'], [data-outcome='unmet'], [data-outcome='unresolved'])";
  const gaps = page.locator(`#matrix tbody:visible:not(${gap})`);
  check("a filter leaves what it names", (await gaps.count()) === 0, await said());
  await page.close();
}

// Without the script.
{
  const page = await open(400, "dark", { javaScriptEnabled: false });
  const projects = await page.locator("#matrix tbody:visible").count();
  const stories = page.locator("#matrix details summary");
  check("every project is there without the script", projects > 0 && projects === (await stories.count()), projects);
  await stories.first().click();
  check("and its story", await page.locator(".story").first().isVisible());
  check("and no control that would do nothing", !(await page.locator("#controls").isVisible()));
  await page.close();
}

// How long a key takes, from the event to the frame after it, in the browser's own processor time.
{
  const page = await open(1280, "light");
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("Performance.enable", { timeDomain: "threadTicks" });
  const spent = async () => {
    const { metrics } = await cdp.send("Performance.getMetrics");
    return metrics.find(({ name }) => name === "TaskDuration").value * 1000;
  };
  const interactive = await page.evaluate(() => performance.getEntriesByType("navigation")[0].domInteractive);
  console.log(`       ${await page.locator("#matrix tbody").count()} projects, interactive after ${Math.round(interactive)} ms`);
  await page.locator("#controls").scrollIntoViewIfNeeded();
  let most = 0;
  for (const text of ["p", "py", "pyt", "py", "p", "", "a", ""]) {
    const start = await spent();
    await page.evaluate(async (typed) => {
      const search = document.getElementById("search");
      search.value = typed;
      search.dispatchEvent(new Event("input", { bubbles: true }));
      await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    }, text);
    most = Math.max(most, (await spent()) - start);
  }
  check(`no key takes longer than ${BLINK} ms`, most < BLINK, `${Math.round(most)} ms`);
  await page.close();
}

await browser.close();
process.exitCode = failed ? 1 : 0;
