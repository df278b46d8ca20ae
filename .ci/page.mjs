// Looks at the HTML report in a browser, as people do: it loads, searches,
// filters, follows links and moves by keys. The page must ask for nothing,
// complain of nothing, and run nothing that stands in an app.
//
//   node page.mjs DIR    (pages that go test -run TestWritePages made; see .ci/page)
import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { createRequire } from "node:module";
const { chromium } = createRequire(process.env.PAGE_MODULES + "/")("playwright-core");
const dir = process.argv[2];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: ["--no-sandbox"] });

// open shows a page and keeps whatever it should not do.
async function open(name, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 }, ...options });
  const page = await context.newPage();
  const bad = [];
  page.on("console", m => bad.push("console: " + m.text()));
  page.on("pageerror", e => bad.push("error: " + e.message));
  page.on("request", r => { if (r.url().split("#")[0] !== "file://" + dir + "/" + name + ".html") bad.push("request: " + r.url()); });
  page.on("dialog", d => { bad.push("dialog: " + d.message()); d.dismiss(); });
  page.on("popup", p => bad.push("popup: " + p.url()));
  await page.goto("file://" + dir + "/" + name + ".html" + (options.hash || ""));
  if (options.javaScriptEnabled !== false) await page.waitForFunction(() => document.documentElement.dataset.ready);
  page.done = async () => { assert.deepEqual(bad, []); await context.close(); };
  page.to = async hash => {
    if (await page.evaluate(() => location.hash) === hash) return;
    await page.evaluate(h => { delete document.documentElement.dataset.ready; location.hash = h; }, hash);
    await page.waitForFunction(() => document.documentElement.dataset.ready, null, { timeout: 10000 }).catch(() => { throw new Error(hash + " is not shown: " + bad); });
  };
  page.rows = () => page.evaluate(() => +document.querySelector("#view table").getAttribute("aria-rowcount") - 1);
  return page;
}
const tests = {
  async "it says first what was not read"() {
    const p = await open("samples");
    const text = await p.innerText("#overview");
    assert.ok(text.indexOf("Not everything was read") >= 0 && text.indexOf("Not everything was read") < text.indexOf("carry trackers"));
    assert.equal(await p.title(), "Telltale report");
    await p.done();
  },
  async "search finds apps by what they carry"() {
    const p = await open("samples");
    await p.keyboard.press("/");
    await p.keyboard.type("umeng");
    await p.waitForFunction(() => document.documentElement.dataset.ready === "apps" && document.querySelector("#counted")?.innerText.startsWith("1 of") && location.hash === "#/apps?q=umeng");
    assert.match(await p.innerText("#view tbody"), /com\.example\.shop/);
    await p.done();
  },
  async "filters narrow, combine and clear"() {
    const p = await open("samples", { hash: "#/apps" });
    const all = await p.rows();
    await p.selectOption("#f-category", "analytics");
    const some = await p.rows();
    assert.ok(some > 0 && some < all);
    await p.focus("#f-vendor");
    await p.selectOption("#f-vendor", "Xiaomi");
    const fewer = await p.rows();
    assert.ok(fewer > 0 && fewer < some);
    assert.equal(await p.evaluate(() => document.activeElement.id), "f-vendor");
    await p.selectOption("#f-identifier", "imei");
    assert.ok(await p.rows() <= fewer);
    await p.selectOption("#f-state", "reachable");
    await p.click("text=Clear filters");
    assert.equal(await p.rows(), all);
    await p.selectOption("#f-status", "unread");
    assert.equal(await p.rows(), 3);
    assert.ok(!/read$/m.test((await p.innerText("#view tbody")).replace(/(not|code not) read/g, "")));
    await p.done();
  },
  async "a link to a view shows that view"() {
    const p = await open("samples", { hash: "#/apps?place=CN%2FBeijing&sort=-trackers" });
    assert.ok(await p.rows() > 0);
    assert.equal(await p.inputValue("#f-place"), "CN/Beijing");
    const first = await p.getAttribute("#view tbody th a", "href");
    await p.done();
    const q = await open("samples", { hash: first + "/hosts" });
    assert.match(await q.innerText("#view h1"), /Mini Browser|minibrowser|Analytics/);
    assert.equal(await q.evaluate(() => document.activeElement.id), "hosts");
    await q.to("#/sdk/sensors-analytics");
    assert.match(await q.innerText("#view"), /Carried by/);
    await q.to("#/identifier/imei");
    assert.match(await q.innerText("#view"), /serial number of the phone's radio/);
    await q.to("#/domain/miui.com");
    assert.match(await q.innerText("#view"), /registered in Beijing, China/);
    for (const lost of ["#/app/none", "#/sdk/none", "#/nowhere", "#/app/%", "#/constructor", "#/__proto__/x"]) await q.to(lost);
    await q.done();
  },
  async "all of it works by keys"() {
    const p = await open("samples");
    await p.keyboard.press("g");
    await p.keyboard.press("a");
    await p.waitForFunction(() => document.documentElement.dataset.ready === "apps");
    await p.keyboard.press("ArrowDown");
    await p.keyboard.press("j");
    await p.keyboard.press("k");
    const here = await p.getAttribute("#view tr.here a", "href");
    assert.equal(await p.evaluate(() => document.activeElement.getAttribute("href")), here);
    await p.keyboard.press("Enter");
    await p.waitForFunction(() => document.documentElement.dataset.ready === "app");
    assert.equal(await p.evaluate(() => location.hash), here);
    await p.keyboard.press("Escape");
    await p.waitForFunction(() => location.hash === "#/apps" && document.querySelector("#view .grid"));
    await p.keyboard.press("?");
    assert.ok(await p.isVisible("#help"));
    await p.keyboard.press("Escape");
    assert.ok(!await p.isVisible("#help"));
    // Whatever can be used can be reached, in order, and has a name.
    const reached = new Set();
    await p.to("#/apps");
    for (let i = 0; i < 60; i++) {
      await p.keyboard.press("Tab");
      reached.add(await p.evaluate(() => document.activeElement.id || document.activeElement.tagName));
    }
    for (const id of ["q", "keys", "f-category", "f-vendor", "f-place", "f-state", "f-identifier", "A"]) assert.ok(reached.has(id), id + " cannot be reached");
    await p.done();
  },
  async "everything has a name for those who listen"() {
    const p = await open("samples");
    for (const hash of ["#/", "#/apps", "#/sdks", "#/hosts", "#/identifiers", "#/glossary"]) {
      await p.to(hash);
      const nameless = await p.evaluate(() => [...document.querySelectorAll("a[href], button, input, select, svg[role], table, [role=region]")].filter(e => e.offsetParent !== null || e.closest("svg")).filter(e =>
        !(e.textContent.trim() || e.getAttribute("aria-label") || e.getAttribute("aria-labelledby") || e.labels?.length)).map(e => e.outerHTML.slice(0, 200)));
      assert.deepEqual(nameless, [], hash);
      assert.equal(await p.evaluate(() => [...document.querySelectorAll("h1")].filter(e => e.offsetParent !== null).length), 1, hash);
      const twice = await p.evaluate(() => { const n = {}; for (const e of document.querySelectorAll("[id]")) n[e.id] = (n[e.id] || 0) + 1; return Object.keys(n).filter(k => n[k] > 1); });
      assert.deepEqual(twice, [], hash);
    }
    await p.done();
  },
  async "it is accessible, says axe-core"() {
    const axe = createRequire(process.env.PAGE_MODULES + "/")("axe-core").source;
    for (const colorScheme of ["light", "dark"]) {
      const p = await open("versions", { colorScheme, bypassCSP: true });
      await p.evaluate(axe);
      await p.to("#/apps");
      const app = await p.getAttribute("#view tbody th a", "href");
      for (const hash of ["#/", "#/apps", app, "#/sdks", "#/hosts", "#/identifiers", "#/glossary", "#/sdk/sensors-analytics", "#/identifier/imei", "#/domain/miui.com"]) {
        await p.to(hash);
        const found = await p.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
        assert.deepEqual(found.violations.map(v => v.id + ": " + v.nodes.slice(0, 3).map(n => n.target + " " + (n.any[0]?.message || "")).join("; ")), [], hash);
      }
      await p.done();
    }
  },
  async "what the script makes is valid, says html-validate"() {
    const { HtmlValidate } = createRequire(process.env.PAGE_MODULES + "/")("html-validate");
    const validator = new HtmlValidate();
    for (const name of ["versions", "hostile"]) {
      const p = await open(name);
      await p.to("#/apps");
      const app = await p.getAttribute("#view tbody th a", "href");
      for (const hash of ["#/apps", app, "#/sdks", "#/hosts", "#/identifiers", "#/glossary", "#/sdk/sensors-analytics", "#/identifier/imei", "#/domain/miui.com"]) {
        await p.to(hash);
        // What a serialiser writes differs from what an author may: only of form.
        const report = await validator.validateString("<!DOCTYPE html>\n" + await p.evaluate(() => document.documentElement.outerHTML), "page.html", { extends: ["html-validate:recommended"], rules: { "valid-id": ["error", { relaxed: true }], "no-trailing-whitespace": "off", "attribute-boolean-style": "off", "attribute-empty-style": "off", "no-inline-style": "off", "doctype-style": "off", "void-style": "off", "no-raw-characters": "off" } });
        assert.deepEqual(report.results.flatMap(r => r.messages.map(m => m.ruleId + ": " + m.message + " " + m.selector)).slice(0, 5), [], name + hash);
      }
      await p.done();
    }
  },
  async "evidence is one click away"() {
    const p = await open("samples", { hash: "#/apps?sdk=sensors-analytics" });
    await p.click("#view tbody th a");
    await p.waitForFunction(() => document.documentElement.dataset.ready === "app");
    await p.click("#sdk-sensors-analytics details:last-of-type > summary");
    assert.match(await p.innerText("#sdk-sensors-analytics"), /com\.sensorsdata\.analytics\.android\.sdk\.AnalyticsMessages/);
    await p.click("#id-imei summary");
    assert.match(await p.innerText("#id-imei"), /TelephonyManager\.getDeviceId/);
    assert.match(await p.innerText("#view"), /page_load_event_finish \{url\}/);
    await p.done();
  },
  async "versions of one app stand side by side"() {
    const p = await open("versions", { hash: "#/apps?q=minibrowser" });
    await p.click("#view tbody th a");
    await p.waitForFunction(() => document.documentElement.dataset.ready === "app");
    const time = await p.innerText("section[aria-labelledby=time]");
    assert.match(time, /3 versions/);
    assert.match(time, /Sensors Analytics tracker\s+● 4\.0\.5\s+− gone\s+\+ ● 4\.0\.5/);
    await p.done();
  },
  async "text from apps runs nothing"() {
    const p = await open("hostile");
    const hashes = await p.evaluate(() => [...new Set([...document.querySelectorAll("a[href]")].map(a => a.getAttribute("href")))]);
    for (const view of ["#/apps", "#/apps?cols=all&wide=1", "#/sdks", "#/hosts", "#/identifiers", "#/glossary"]) {
      await p.to(view);
      hashes.push(...await p.evaluate(() => [...document.querySelectorAll("#view a[href]")].map(a => a.getAttribute("href"))));
    }
    const all = [...new Set(hashes)];
    assert.ok(all.length > 150, all.length + " links");
    for (const hash of all) {
      assert.ok(hash.startsWith("#"), hash);
      if (!hash.startsWith("#/")) continue;
      await p.to(hash);
      for (const d of await p.$$("#view details")) await d.evaluate(e => { e.open = true; });
      assert.equal(await p.evaluate(() => window.hit), undefined, hash);
      const odd = await p.evaluate(() => [...document.querySelectorAll("body *")].filter(e => /^(img|iframe|object|embed|base|link|math|video|audio|frame|applet|marquee)$/i.test(e.tagName) || [...e.attributes].some(a => a.name.startsWith("on") || a.name === "src" || a.name === "srcdoc" || a.name === "href" && !a.value.startsWith("#"))).map(e => e.outerHTML.slice(0, 120)));
      assert.deepEqual(odd, [], hash);
    }
    for (const s of ["<script>window.hit=1</script>", "__proto__", "\"><img src=x onerror=window.hit=1>", "%", "((", "\\"]) {
      await p.to("#/apps");
      await p.fill("#q", s);
      await p.waitForTimeout(120);
      assert.equal(await p.evaluate(() => window.hit), undefined);
    }
    assert.equal(await p.evaluate(() => Object.prototype.polluted), undefined);
    await p.done();
  },
  async "the policy holds"() {
    const p = await open("samples");
    const blocked = await p.evaluate(async () => {
      const out = [];
      addEventListener("securitypolicyviolation", e => out.push(e.effectiveDirective));
      const s = document.createElement("script");
      try { s.textContent = "window.hit=1"; document.body.append(s); } catch { out.push("trusted types"); }
      const i = new Image();
      i.src = "http://x.example/";
      await fetch("http://x.example/").catch(() => out.push("fetch"));
      await new Promise(r => setTimeout(r, 100));
      return [out, window.hit];
    });
    assert.equal(blocked[1], undefined);
    for (const what of ["img-src", "connect-src", "fetch"]) assert.ok(blocked[0].includes(what), what + ": " + blocked[0]);
    await p.context().close();
  },
  async "without scripts there is a list"() {
    const p = await open("samples", { javaScriptEnabled: false });
    const text = await p.innerText("body");
    assert.match(text, /Scripts are off/);
    assert.match(text, /com\.example\.victim|text\.apk/);
    await p.done();
  },
  async "it prints all rows, in light and dark and on a phone"() {
    for (const o of [{ colorScheme: "dark" }, { colorScheme: "light" }, { viewport: { width: 380, height: 800 } }, { forcedColors: "active" }]) {
      const p = await open("samples", { ...o, hash: "#/apps" });
      const width = await p.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(width <= 1, "the page is " + width + " wider than the window");
      await p.done();
    }
    const p = await open("many", { hash: "#/apps" });
    await p.emulateMedia({ media: "print" });
    await p.evaluate(() => dispatchEvent(new Event("beforeprint")));
    assert.equal(await p.locator("#view tbody tr").count(), await p.rows());
    await p.done();
  },
  async "contrast is enough to read"() {
    for (const colorScheme of ["light", "dark"]) {
      const p = await open("samples", { colorScheme, hash: "#/apps" });
      const poor = await p.evaluate(() => {
        const lum = c => { const [r, g, b] = c.map(v => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
        const rgb = s => s.match(/[\d.]+/g).map(Number);
        const back = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c.slice(0, 3); } return [255, 255, 255]; };
        return [...document.querySelectorAll("body *")].filter(e => e.offsetParent && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) && !e.closest("noscript")).map(e => {
          const a = lum(rgb(getComputedStyle(e).color).slice(0, 3)), b = lum(back(e));
          return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), e.outerHTML.slice(0, 80)];
        }).filter(x => x[0] < 4.5);
      });
      assert.deepEqual(poor, [], colorScheme);
      await p.done();
    }
  },
  async "2,000 apps open and move without stutter"() {
    const file = dir + "/many.html", start = Date.now();
    const p = await open("many");
    const opened = Date.now() - start;
    const timing = await p.evaluate(() => { const n = performance.getEntriesByType("navigation")[0]; return Math.round(n.domContentLoadedEventEnd); });
    // time runs steps in the page and gives the longest task until two frames later.
    const time = (what, arg) => p.evaluate(async ([what, arg]) => {
      const frame = () => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)));
      const steps = {
        go: () => { location.hash = arg; },
        type: () => { const q = document.getElementById("q"); q.value = arg; q.dispatchEvent(new Event("input")); },
        filter: () => { const s = document.getElementById(arg[0]); s.value = arg[1]; s.dispatchEvent(new Event("change")); },
        scroll: () => { document.querySelector("#view .grid").scrollTop = arg; },
        key: () => { dispatchEvent(new KeyboardEvent("keydown", { key: arg })); },
      };
      let longest = 0;
      const watch = new PerformanceObserver(l => { for (const e of l.getEntries()) longest = Math.max(longest, e.duration); });
      watch.observe({ type: "longtask" });
      const t = performance.now();
      steps[what]();
      if (what === "type") await new Promise(r => setTimeout(r, 90));
      await frame();
      const took = performance.now() - t - (what === "type" ? 90 : 0);
      await new Promise(r => setTimeout(r, 30));
      return [Math.round(took), Math.round(longest)];
    }, [what, arg]);
    const figures = { bytes: statSync(file).size, opened, parsed: timing };
    figures.apps = await time("go", "#/apps");
    assert.equal(await p.rows(), 2000);
    const frames = [];
    for (let y = 0; y < 80000; y += 4000) frames.push((await time("scroll", y))[0]);
    figures.scroll = [Math.max(...frames), frames.sort((a, b) => a - b)[frames.length >> 1]];
    figures.search = await time("type", "account");
    figures.clear = await time("type", "");
    figures.filter = await time("filter", ["f-category", "analytics"]);
    figures.sort = await time("go", "#/apps?sort=-lasting");
    figures.end = await time("key", "End");
    figures.app = await time("go", await p.getAttribute("#view tbody tr:not(.gap) a", "href"));
    figures.hosts = await time("go", "#/hosts");
    figures.sdks = await time("go", "#/sdks");
    const elements = await p.evaluate(() => document.querySelectorAll("*").length);
    console.log("   ", JSON.stringify({ ...figures, elements }), "(ms: whole, longest task)");
    // Generous, for slow machines: people notice a second.
    assert.ok(opened < 5000, "opened in " + opened);
    for (const k of ["apps", "search", "filter", "sort", "app", "hosts", "sdks"]) assert.ok(figures[k][0] < 1000, k + " takes " + figures[k]);
    assert.ok(figures.scroll[0] < 250, "scrolling takes " + figures.scroll);
    await p.done();
  },
};
let failed = 0;
for (const [name, run] of Object.entries(tests)) {
  if (process.argv[3] && !name.includes(process.argv[3])) continue;
  try { await run(); console.log("ok  ", name); } catch (e) { failed++; console.log("FAIL", name, "\n", e.message.slice(0, 2000), e.stack?.split("\n").find(l => l.includes("page.mjs"))); }
}
await browser.close();
process.exit(failed ? 1 : 0);
