// Takes a picture of a report: node shot.mjs FILE OUT.png [light|dark] [#/view] [WIDTH HEIGHT]
import { createRequire } from "node:module";
import { resolve } from "node:path";
const { chromium } = createRequire(process.env.PAGE_MODULES + "/")("playwright-core");
const [file, out, colorScheme = "light", hash = "", width = "1280", height = "900"] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: ["--no-sandbox"] });
const page = await (await browser.newContext({ colorScheme, viewport: { width: +width, height: +height } })).newPage();
await page.goto("file://" + resolve(file) + hash);
await page.waitForFunction(() => document.documentElement.dataset.ready);
await page.screenshot({ path: out });
await browser.close();
