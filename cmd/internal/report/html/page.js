// Shows the report that this file holds. Text from apps becomes text nodes and
// nothing else; addresses begin with "#". Nothing is asked of any network.
"use strict";
(async () => {
  const $ = id => document.getElementById(id);
  // Keys come from reports: tables have no prototype that could answer for them.
  const WORDS = {
    __proto__: null,
    reachable: ["●", "reachable", "A way from an entry point of the app (or from the system) to its code was found."],
    wired: ["◐", "wired in", "Code outside of it calls it, or the manifest declares a part of it. A way from an entry point was not found."],
    present: ["○", "present", "Its code is in the app. Present is not active: use of it was not found."],
    disabled: ["⊘", "switched off", "The manifest holds the documented switch that turns it off."],
    stub: ["◌", "stub", "Only empty code under its name is there."],
    referenced: ["·", "only referenced", "Code names it, but its own code is not in the app."],
  };
  const RESET = {
    __proto__: null,
    never: ["cannot be reset", "It outlives a factory reset: it belongs to the hardware, the SIM card or the phone's number."],
    device: ["reset with the device only", "A factory reset changes it, clearing the app's data does not."],
    account: ["bound to an account", "It changes with the account or the SIM card."],
    app: ["reset with the app's data", "Clearing the app's data or installing it anew changes it."],
    user: ["can be reset in settings", "The person can change it or switch it off in the settings."],
  };
  const STATUS = { __proto__: null, complete: "read", partial: "read in part", "no-code": "code not read", failed: "not read" };
  const GRADE = { __proto__: null, registrant: "WHOIS record of the domain", filing: "filing that names the domain", "company-filing": "filing of the company", "company-seat": "seat of the company" };
  const countries = new Intl.DisplayNames(["en"], { type: "region" });

  // h makes an element. Values of attributes are text; on.* are listeners.
  function h(tag, props, ...kids) {
    const e = document.createElement(tag);
    for (const [k, v] of Object.entries(props || {})) {
      if (v == null || v === false) continue;
      if (typeof v === "function") e.addEventListener(k.slice(2), v);
      else if (k === "href" && !String(v).startsWith("#")) throw new Error("not an address of this page");
      else e.setAttribute(k, v === true ? "" : v);
    }
    e.append(...kids.flat(9).filter(k => k != null && k !== false && k !== ""));
    return e;
  }
  const t = s => h("bdi", null, s);
  const dim = (...s) => h("span", { class: "dim" }, ...s);
  const tag = (s, c) => h("span", { class: "tag " + (c || "") }, s);
  const plural = (n, w, ws) => n.toLocaleString("en") + " " + (n === 1 ? w : ws || w + "s");
  const link = (view, params) => {
    const q = Object.entries(params || {}).filter(([, v]) => v).map(([k, v]) => k + "=" + encodeURIComponent(v)).join("&");
    return "#/" + view + (q ? "?" + q : "");
  };
  const to = (kind, id) => "#/" + kind + "/" + encodeURIComponent(id);
  const uniq = list => [...new Set(list)];
  const say = s => { $("say").textContent = s; };

  async function unpack(id) {
    const e = $(id);
    if (!e) return null;
    const bytes = Uint8Array.from(atob(e.textContent), c => c.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"))).json();
  }

  if (typeof DecompressionStream !== "function") {
    $("overview").prepend(h("div", { class: "unread" }, h("h2", null, "This browser is too old for the details"), "The overview below can be read. Search and evidence need a browser of 2023 or later."));
    return;
  }
  const X = await unpack("index");
  const spot = p => {
    if (!p) return "";
    let c = p.country;
    try { c = countries.of(p.country) || c; } catch { /* not a code */ }
    return [p.city, c].filter(Boolean).join(", ");
  };
  const place = n => spot(X.places[n]);
  // An IP address has no registrant of the kind that records here are about.
  const unknown = d => dim(/^[\d.]+$|:/.test(d.name) ? "an IP address" : "not known");
  const placeKey = n => X.places[n] ? X.places[n].country + "/" + X.places[n].city : "";
  const title = a => a.label || a.package || a.path.slice(a.path.lastIndexOf("/") + 1) || "no name";
  const carried = c => c.state !== "referenced";
  const isTracker = c => X.sdks[c.sdk].tracker && carried(c);
  const lasting = d => !d.low && ["never", "device"].includes(X.ids[d.n].reset);
  const resetClass = id => id && RESET[id.reset] ? id.reset : "none";
  const where = d => X.domains[d.n].place;
  const byID = new Map(X.ids.map(i => [i.id, i]));
  const appByID = new Map(X.apps.map(a => [a.id, a]));
  for (const a of X.apps) {
    a.trackers = a.sdks.filter(isTracker).length;
    a.lasting = a.ids.filter(lasting).length;
    a.registered = uniq(a.domains.filter(d => !d.low && where(d) >= 0).map(where));
    a.broken = a.broken.map(n => X.rules[n].name);
    a.dots = new Map(a.sdks.map(c => [c.sdk, c]));
  }
  const text = a => a.text ||= [a.label, a.package, a.version, a.path, ...a.sdks.map(c => X.sdks[c.sdk].name + " " + X.sdks[c.sdk].id), ...a.domains.map(d => X.domains[d.n].name), ...a.ids.map(d => X.ids[d.n].name)].join("\n").toLowerCase();
  const words = q => (q || "").toLowerCase().split(/\s+/).filter(Boolean);
  const hasAll = (s, ws) => ws.every(w => s.includes(w));

  // ---- A table of any length: only the rows in sight are in the document.
  const ROW = 44;
  let table = null; // the one that keys move in
  function grid(o) {
    const { columns, params } = o;
    const key = (params.sort || o.sort || "").replace(/^-/, "");
    const down = (params.sort || o.sort || "").startsWith("-");
    const col = columns.find(c => c.key === key);
    let rows = o.rows;
    if (col) {
      const cmp = (x, y) => typeof x === "number" ? x - y : x < y ? -1 : x > y ? 1 : 0;
      rows = rows.map(r => [col.sort(r), r]).sort((x, y) => (down ? -1 : 1) * cmp(x[0], y[0])).map(p => p[1]);
    }
    const head = h("tr", null, columns.map(c => h("th", { scope: "col", class: (c.up ? "up " : "") + (c.num ? "num" : ""), title: c.note, "aria-sort": c === col ? (down ? "descending" : "ascending") : null },
      c.href ? h("a", { href: c.href }, c.label) : c.sort ? h("button", { type: "button", onclick: () => change({ sort: (c.key === key ? !down : c.num) ? "-" + c.key : c.key }) }, c.label) : c.label)));
    const body = h("tbody");
    const cols = h("colgroup", null, columns.map(c => { const e = h("col"); e.style.width = (c.up ? 26 : c.width) + "px"; return e; }));
    const box = h("section", { class: "grid", "aria-label": o.label, tabindex: rows.length ? null : "0" },
      h("table", { "aria-rowcount": rows.length + 1, "aria-colcount": columns.length }, h("caption", { class: "sr" }, o.label + ": " + plural(rows.length, "row")), cols, h("thead", null, head), body));
    let here = -1, from = -1, to = -1;
    const line = i => {
      const r = rows[i];
      return h("tr", { "aria-rowindex": i + 2, class: i === here ? "here" : null, onclick: e => { if (!e.target.closest("a")) { here = i; location.hash = o.href(r); } } },
        columns.map((c, n) => h(n ? "td" : "th", { scope: n ? null : "row", class: (c.up ? "dot " : "") + (c.num ? "num" : "") }, n ? c.cell(r) : h("a", { href: o.href(r) }, c.cell(r)), !n && c.under && h("small", null, c.under(r)))));
    };
    const gap = n => { const d = h("td", { colspan: columns.length }); d.style.height = n * ROW + "px"; return h("tr", { class: "gap", "aria-hidden": "true" }, d); };
    let whole = false; // while it is printed
    function draw(force, all) {
      if (whole && !force) return;
      whole = !!all;
      const f = all ? 0 : Math.max(0, Math.floor(box.scrollTop / ROW) - 8);
      const l = all ? rows.length : Math.min(rows.length, f + Math.ceil((box.clientHeight || 800) / ROW) + 16);
      if (!force && f === from && l === to) return;
      from = f; to = l;
      const held = body.contains(document.activeElement);
      const list = [];
      if (f > 0) list.push(gap(f));
      for (let i = f; i < l; i++) list.push(line(i));
      if (l < rows.length) list.push(gap(rows.length - l));
      body.replaceChildren(...list);
      if (held) focus();
    }
    const focus = () => body.querySelector("tr.here a")?.focus({ preventScroll: true });
    let due = false;
    box.addEventListener("scroll", () => { if (!due) { due = true; requestAnimationFrame(() => { due = false; draw(); }); } });
    new ResizeObserver(() => draw()).observe(box);
    draw(true);
    const page = () => Math.max(1, Math.floor(box.clientHeight / ROW) - 3);
    table = {
      rows, draw, box,
      move(how) {
        if (!rows.length) return;
        here = Math.max(0, Math.min(rows.length - 1, { next: here + 1, back: here - 1, pagedown: here + page(), pageup: here - page(), home: 0, end: rows.length - 1 }[how]));
        const top = here * ROW, space = box.clientHeight - box.querySelector("thead").offsetHeight - ROW;
        if (top < box.scrollTop) box.scrollTop = top;
        else if (top > box.scrollTop + space) box.scrollTop = top - space;
        draw(true);
        focus();
      },
      open() { if (here >= 0) location.hash = o.href(rows[here]); },
    };
    return box;
  }

  // ---- Filters live in the address, so that a view can be kept and handed on.
  let route = { view: "", id: "", params: {} };
  function change(set) {
    const p = { ...route.params, ...set };
    history.replaceState(null, "", link(route.view, p));
    show();
  }
  const choices = new Map(); // of each filter: they are those of the whole report
  function select(key, label, make) {
    const id = route.view + " " + key, now = route.params[key] || "";
    if (!choices.has(id)) choices.set(id, make());
    let options = choices.get(id);
    if (now && !options.some(o => o[0] === now)) options = [...options, [now, now]];
    return h("label", null, label, h("select", { id: "f-" + key, class: now ? "on" : null, onchange: e => change({ [key]: e.target.value }) },
      h("option", { value: "" }, "any"), options.map(([v, s]) => h("option", { value: v, selected: v === now }, s))));
  }
  const count = (list, each) => { const m = new Map(); for (const x of list) for (const k of uniq(each(x))) if (k) m.set(k, (m.get(k) || 0) + 1); return m; };
  const options = (m, name) => [...m].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([k, n]) => [k, (name ? name(k) : k) + " (" + n + ")"]);
  function finish(view, parts) {
    view.replaceChildren(...parts.flat(9).filter(Boolean));
  }
  const clear = p => Object.keys(p).some(k => k !== "sort" && p[k]) && h("button", { type: "button", onclick: () => { $("q").value = ""; history.replaceState(null, "", link(route.view)); show(); } }, "Clear filters");
  const placeOptions = of => options(count(X.apps, of), k => { const n = X.places.findIndex((p, i) => placeKey(i) === k); return n < 0 ? k : place(n); });
  const appPlaces = a => a.domains.filter(d => !d.low).map(d => { const D = X.domains[d.n]; return placeKey(D.place >= 0 ? D.place : D.seat); });

  function apps(view, p) {
    const ws = words(p.q);
    const wanted = c => {
      const s = X.sdks[c.sdk];
      return (!p.category || s.category === p.category) && (!p.vendor || s.vendor === p.vendor) && (!p.sdk || s.id === p.sdk) &&
        (p.state ? c.state === p.state : carried(c)) && (!p.tracker || s.tracker);
    };
    const bySDK = p.category || p.vendor || p.sdk || p.state || p.tracker;
    const rows = X.apps.filter(a =>
      (!bySDK || a.sdks.some(wanted)) &&
      (!p.identifier || a.ids.some(d => !d.low && X.ids[d.n].id === p.identifier)) &&
      (!p.reset || a.ids.some(d => p.reset === "lasting" ? lasting(d) : !d.low && X.ids[d.n].reset === p.reset)) &&
      (!p.place || appPlaces(a).includes(p.place)) &&
      (!p.status || (p.status === "unread" ? a.status !== "complete" : a.status === p.status)) &&
      (!p.events || a.events) && (!p.rule || a.broken.includes(p.rule)) && hasAll(text(a), ws));
    const seen = count(rows, a => a.sdks.filter(c => p.cols === "all" ? carried(c) : isTracker(c)).map(c => c.sdk + 1));
    const ranked = [...seen].sort((x, y) => y[1] - x[1] || x[0] - y[0]).map(e => e[0] - 1);
    const most = p.wide ? ranked.length : 30;
    const columns = [
      { key: "app", label: "App", width: 290, sort: a => title(a).toLowerCase(), cell: a => t(title(a)), under: a => [a.package || a.path, " ", a.version] },
      { key: "status", label: "Read", width: 104, sort: a => a.status, cell: a => a.status === "complete" ? dim("read") : h("strong", { class: "bad", title: a.why }, STATUS[a.status] || a.status) },
      { key: "trackers", label: "Trackers", width: 82, num: true, sort: a => a.trackers, cell: a => none(a, a.trackers) },
      { key: "lasting", label: "Lasting ids", note: "identifiers that cannot be reset, or only with the device", width: 96, num: true, sort: a => a.lasting, cell: a => none(a, a.lasting) },
      { key: "places", label: "Registered in", note: "domains named, on a record about the domain itself", width: 150, sort: a => a.registered.map(place).join() || "\uffff", cell: a => a.registered.length ? a.registered.map(n => X.places[n].city || place(n)).join(", ") : none(a, 0) },
      X.rules.length > 0 && { key: "policy", label: "Policy", note: "things that the policy of the run forbids", width: 76, num: true, sort: a => a.violations, cell: a => a.violations ? h("strong", { class: "bad" }, a.violations) : none(a, 0) },
      { key: "events", label: "Events", note: "named events handed to SDKs", width: 72, num: true, sort: a => a.events, cell: a => none(a, a.events) },
      ...ranked.slice(0, most).map(n => ({ key: "s" + n, label: X.sdks[n].name, up: true, href: to("sdk", X.sdks[n].id), note: X.sdks[n].vendor + ", " + X.sdks[n].category, cell: a => dot(a.dots.get(n)) })),
    ].filter(Boolean);
    const f = h("div", { class: "filters", role: "search", "aria-label": "Filters" },
      select("category", "Category", () => options(count(X.apps, a => a.sdks.filter(carried).map(c => X.sdks[c.sdk].category)))),
      select("vendor", "Vendor", () => options(count(X.apps, a => a.sdks.filter(carried).map(c => X.sdks[c.sdk].vendor)))),
      select("sdk", "SDK", () => options(count(X.apps, a => a.sdks.filter(carried).map(c => X.sdks[c.sdk].id)), k => X.sdks.find(s => s.id === k).name)),
      select("state", "State", () => options(count(X.apps, a => a.sdks.map(c => c.state)), k => WORDS[k] ? WORDS[k][1] : k)),
      select("place", "City", () => placeOptions(appPlaces)),
      select("identifier", "Identifier", () => options(count(X.apps, a => a.ids.filter(d => !d.low).map(d => X.ids[d.n].id)), k => byID.get(k).name)),
      select("reset", "Resettable", () => [["lasting", "never, or with the device only"], ...Object.entries(RESET).map(([k, v]) => [k, v[0]])]),
      select("status", "Read", () => [["unread", "not or not wholly read"], ...options(count(X.apps, a => [a.status]), k => STATUS[k] || k)]),
      X.rules.length > 0 && select("rule", "Breaks rule", () => options(count(X.apps, a => a.broken))),
      select("tracker", "Trackers", () => [["any", "carries one"]]), select("events", "Events", () => [["any", "hands some"]]), clear(p));
    const left = ranked.length - Math.min(most, ranked.length);
    finish(view, [h("h1", null, "Apps"), f,
      h("p", { class: "legend", id: "counted" }, h("strong", null, rows.length === X.apps.length ? plural(rows.length, "app") : rows.length + " of " + plural(X.apps.length, "app")), " · ", Object.values(WORDS).map(w => [w[0], " ", w[1], " "]), left > 0 && h("button", { type: "button", onclick: () => change({ wide: "1" }) }, left + " more columns"), " ", h("button", { type: "button", onclick: () => change({ cols: p.cols ? "" : "all" }) }, p.cols ? "trackers only" : "other libraries too")),
      rows.length ? grid({ label: "Apps by SDKs", columns, rows, params: p, sort: "app", href: a => to("app", a.id) }) : nothing(p)]);
    say(plural(rows.length, "app"));
  }
  const nothing = p => h("p", null, "No row fits these filters.", " ", clear(p));
  // What was not read is not clean.
  const none = (a, n) => n ? n.toLocaleString("en") : a.status === "complete" ? dim("–") : h("strong", { title: "not everything was read" }, "?");
  const dot = c => c && h("span", { class: "st-" + c.state, role: "img", "aria-label": WORDS[c.state]?.[1] || c.state, title: (WORDS[c.state]?.[1] || c.state) + (c.startup ? ", can run at app start" : "") + (c.version ? ", " + c.version : "") }, WORDS[c.state]?.[0] || "?");

  let sdkUse = null;
  function uses() {
    if (sdkUse) return sdkUse;
    sdkUse = X.sdks.map(() => ({ apps: [], startup: 0, referenced: 0, versions: new Set(), reads: new Map(), names: new Map() }));
    for (const a of X.apps) {
      for (const c of a.sdks) {
        const u = sdkUse[c.sdk];
        if (!carried(c)) { u.referenced++; continue; }
        u.apps.push([a, c]);
        if (c.startup) u.startup++;
        if (c.version) u.versions.add(c.version);
      }
      const note = (list, what) => { for (const d of list) if (!d.low) for (const s of uniq(d.by.map(b => X.owners[b].sdk))) if (s >= 0) sdkUse[s][what].set(d.n, (sdkUse[s][what].get(d.n) || 0) + 1); };
      note(a.ids, "reads");
      note(a.domains, "names");
    }
    return sdkUse;
  }

  function sdks(view, p) {
    const u = uses(), ws = words(p.q);
    const rows = X.sdks.map((s, n) => ({ s, n, u: u[n] })).filter(r => r.u.apps.length + r.u.referenced > 0 &&
      (!p.category || r.s.category === p.category) && (!p.vendor || r.s.vendor === p.vendor) && (!p.tracker || r.s.tracker === (p.tracker === "yes")) &&
      (!p.place || placeKey(r.s.seat) === p.place) && hasAll((r.s.name + " " + r.s.id + " " + r.s.vendor + " " + r.s.category).toLowerCase(), ws));
    const columns = [
      { key: "name", label: "SDK", width: 280, sort: r => r.s.name.toLowerCase(), cell: r => t(r.s.name), under: r => r.s.vendor },
      { key: "category", label: "For", width: 120, sort: r => r.s.category, cell: r => r.s.tracker ? [r.s.category, " ", tag("tracker")] : r.s.label },
      { key: "seat", label: "Vendor's seat", width: 190, sort: r => place(r.s.seat) || "\uffff", cell: r => r.s.seat >= 0 ? place(r.s.seat) : dim("not known") },
      { key: "apps", label: "Carried by", width: 90, num: true, sort: r => r.u.apps.length, cell: r => r.u.apps.length },
      { key: "reach", label: "Reachable", width: 90, num: true, sort: r => r.u.apps.filter(x => x[1].state === "reachable").length, cell: r => r.u.apps.filter(x => x[1].state === "reachable").length || dim("–") },
      { key: "start", label: "At app start", width: 100, num: true, sort: r => r.u.startup, cell: r => r.u.startup || dim("–") },
      { key: "ref", label: "Referenced", note: "apps that name it without holding it", width: 96, num: true, sort: r => r.u.referenced, cell: r => r.u.referenced || dim("–") },
      { key: "ids", label: "Its code asks for", width: 300, sort: r => r.u.reads.size, cell: r => [...r.u.reads.keys()].map(n => X.ids[n]).sort(byReset).slice(0, 6).map(chip) },
    ];
    const f = h("div", { class: "filters", role: "search", "aria-label": "Filters" },
      select("tracker", "Tracker", () => [["yes", "trackers"], ["no", "others"]]),
      select("category", "Category", () => options(count(X.sdks, s => [s.category]))), select("vendor", "Vendor", () => options(count(X.sdks, s => [s.vendor]))),
      select("place", "Vendor's seat", () => options(count(X.sdks, s => [placeKey(s.seat)]), k => { const n = X.places.findIndex((x, i) => placeKey(i) === k); return place(n); })), clear(p));
    finish(view, [h("h1", null, "SDKs that apps carry or name"), f, h("p", { class: "legend" }, h("strong", null, plural(rows.length, "SDK"))),
      rows.length ? grid({ label: "SDKs", columns, rows, params: p, sort: "-apps", href: r => to("sdk", r.s.id) }) : nothing(p)]);
    say(plural(rows.length, "SDK"));
  }
  const resetRank = Object.keys(RESET);
  const rankOf = i => { const n = resetRank.indexOf(i.reset); return n < 0 ? 9 : n; };
  const byReset = (a, b) => rankOf(a) - rankOf(b) || (a.name < b.name ? -1 : 1);
  const chip = i => h("a", { class: "chip " + resetClass(i), href: to("identifier", i.id), title: (RESET[i.reset] ? RESET[i.reset][0] + ". " : "") + i.glossary }, i.name);

  let domainUse = null;
  const domains = () => domainUse ||= (() => {
    const m = X.domains.map(() => ({ apps: [], by: new Map() }));
    for (const a of X.apps) for (const d of a.domains) {
      if (d.low) continue;
      m[d.n].apps.push(a);
      for (const b of d.by) { const o = ownerShort(X.owners[b]); m[d.n].by.set(o, (m[d.n].by.get(o) || 0) + 1); }
    }
    return m;
  })();
  const ownerShort = o => o.sdk >= 0 ? X.sdks[o.sdk].name : o.kind === "app" ? "own code" : o.name;

  function hosts(view, p) {
    const u = domains(), ws = words(p.q);
    const rows = X.domains.map((d, n) => ({ d, n, u: u[n] })).filter(r => r.u.apps.length && (!p.place || placeKey(r.d.place >= 0 ? r.d.place : r.d.seat) === p.place) &&
      (!p.record || (p.record === "none" ? r.d.place < 0 && r.d.seat < 0 : p.record === "owner" ? r.d.place < 0 && r.d.seat >= 0 : r.d.place >= 0)) &&
      hasAll((r.d.name + " " + r.d.owner + " " + [...r.u.by.keys()].join(" ")).toLowerCase(), ws));
    const columns = [
      { key: "name", label: "Domain", width: 250, sort: r => r.d.name, cell: r => t(r.d.name), under: r => r.d.owner },
      { key: "place", label: "Registered in", note: "on a record about the domain itself", width: 210, sort: r => place(r.d.place) || "\uffff", cell: r => r.d.place >= 0 ? h("span", { title: r.d.why }, place(r.d.place), " ", dim(GRADE[r.d.grade] ? r.d.grade : "")) : unknown(r.d) },
      { key: "seat", label: "Owner's seat", width: 170, sort: r => place(r.d.seat) || "\uffff", cell: r => r.d.seat >= 0 ? place(r.d.seat) : unknown(r.d) },
      { key: "apps", label: "Named by apps", width: 110, num: true, sort: r => r.u.apps.length, cell: r => r.u.apps.length },
      { key: "by", label: "In whose code", width: 420, sort: r => r.u.by.size, cell: r => [...r.u.by].sort((a, b) => b[1] - a[1]).slice(0, 4).map(e => e[0]).join(", ") },
    ];
    const f = h("div", { class: "filters", role: "search", "aria-label": "Filters" },
      select("place", "City", () => options(count(X.domains, d => [placeKey(d.place >= 0 ? d.place : d.seat)]), k => { const n = X.places.findIndex((x, i) => placeKey(i) === k); return place(n); })),
      select("record", "Record", () => [["domain", "about the domain itself"], ["owner", "only about its owner"], ["none", "none is known"]]), clear(p));
    finish(view, [h("h1", null, "Domains that apps name"), f, h("p", { class: "legend" }, h("strong", null, plural(rows.length, "domain")), " · schema, documentation and example addresses are left out", X.cut > 0 && " · " + plural(X.cut, "entry", "entries") + " more than an overview can hold: see the apps"),
      rows.length ? grid({ label: "Domains", columns, rows, params: p, sort: "-apps", href: r => to("domain", r.d.name) }) : nothing(p)]);
    say(plural(rows.length, "domain"));
  }

  function asked() {
    const m = X.ids.map(() => ({ apps: [], tracker: 0, by: new Map() }));
    for (const a of X.apps) for (const d of a.ids) {
      if (d.low) continue;
      m[d.n].apps.push([a, d]);
      if (d.by.some(b => X.owners[b].sdk >= 0 && X.sdks[X.owners[b].sdk].tracker)) m[d.n].tracker++;
      for (const o of uniq(d.by.map(b => ownerShort(X.owners[b])))) m[d.n].by.set(o, (m[d.n].by.get(o) || 0) + 1);
    }
    return m;
  }

  function identifiers(view, p) {
    const u = asked(), ws = words(p.q);
    const rows = X.ids.map((d, n) => ({ d, n, u: u[n] })).filter(r => r.u.apps.length && (!p.reset || r.d.reset === p.reset) && hasAll((r.d.name + " " + r.d.glossary).toLowerCase(), ws));
    const columns = [
      { key: "name", label: "Identifier", width: 260, sort: r => r.d.name.toLowerCase(), cell: r => t(r.d.name), under: r => r.d.group },
      { key: "reset", label: "Reset", width: 210, sort: r => rankOf(r.d), cell: r => h("span", { class: "chip " + resetClass(r.d) }, RESET[r.d.reset] ? RESET[r.d.reset][0] : "about the person or device") },
      { key: "apps", label: "Apps", width: 70, num: true, sort: r => r.u.apps.length, cell: r => r.u.apps.length },
      { key: "tracker", label: "Trackers' code in", width: 130, num: true, sort: r => r.u.tracker, cell: r => r.u.tracker || dim("–") },
      { key: "by", label: "Whose code, most first", width: 460, cell: r => [...r.u.by].sort((a, b) => b[1] - a[1]).slice(0, 5).map(e => e[0] + " " + e[1]).join(", ") },
    ];
    const f = h("div", { class: "filters", role: "search", "aria-label": "Filters" }, select("reset", "Resettable", () => Object.entries(RESET).map(([k, v]) => [k, v[0]])), clear(p));
    finish(view, [h("h1", null, "Identifiers that code asks for"), f, rows.length ? grid({ label: "Identifiers", columns, rows, params: p, sort: "reset", href: r => to("identifier", r.d.id) }) : nothing(p)]);
    say(plural(rows.length, "identifier"));
  }

  // ---- Pages of one thing.
  const list = (heads, rows, kind) => h("div", { class: "wrap" }, h("table", { class: "list " + (kind || "") }, h("thead", null, h("tr", null, heads.map(x => h("th", { scope: "col" }, x)))), h("tbody", null, rows)));
  const tr = (...cells) => h("tr", null, cells.map(c => h("td", null, c)));
  const appLink = a => [h("a", { href: to("app", a.id) }, t(title(a))), " ", dim(a.version), a.status !== "complete" && [" ", tag(STATUS[a.status] || a.status, "bad")]];
  // more shows the first rows and the rest at a click.
  function more(heads, items, row, most = 100) {
    if (items.length <= most) return list(heads, items.map(row));
    const d = h("div", null, list(heads, items.slice(0, most).map(row)));
    d.append(h("button", { type: "button", onclick: e => { e.target.remove(); d.append(list(heads, items.slice(most).map(row))); } }, "Show " + (items.length - most) + " more"));
    return d;
  }
  const missing = (view, what) => finish(view, [h("h1", null, "Not in this report"), h("p", null, "The address names " + what + " that is not here. ", h("a", { href: "#/" }, "Overview"))]);

  function sdk(view, id) {
    const n = X.sdks.findIndex(s => s.id === id);
    if (n < 0) return missing(view, "an SDK");
    const s = X.sdks[n], u = uses()[n];
    finish(view, [h("h1", null, s.name), h("ul", { class: "facts" }, h("li", null, "of ", h("a", { href: link("sdks", { vendor: s.vendor }) }, s.vendor || "an unknown vendor")), h("li", null, s.tracker ? [s.category, " ", tag("tracker", "warn")] : s.label),
      s.seat >= 0 && h("li", null, "vendor's seat: ", place(s.seat), " (", GRADE[s.grade] || s.grade, ")"), u.versions.size > 0 && h("li", null, "versions: ", [...u.versions].sort().slice(0, 12).join(", "))),
      h("p", null, "Carried by ", h("a", { href: link("apps", { sdk: s.id }) }, plural(u.apps.length, "app")), ", in ", plural(u.startup, "of them", "of them"), " it can run at app start. ", u.referenced > 0 && plural(u.referenced, "app") + " name it without holding it."),
      u.reads.size > 0 && h("section", { class: "card" }, h("h2", null, "Its code asks for"), [...u.reads].sort((a, b) => byReset(X.ids[a[0]], X.ids[b[0]])).map(([i, c]) => [chip(X.ids[i]), dim(" in " + plural(c, "app") + "  ")])),
      u.names.size > 0 && h("section", { class: "card" }, h("h2", null, "Its code names"), more(["domain", "owner", "registered in", "apps"], [...u.names].sort((a, b) => b[1] - a[1]), ([d, c]) => { const D = X.domains[d]; return tr(h("a", { href: to("domain", D.name) }, t(D.name)), D.owner, D.place >= 0 ? place(D.place) : unknown(D), c); }, 40)),
      h("section", { class: "card" }, h("h2", null, "Apps that carry it"), more(["app", "state", "version", "app start"], u.apps, ([a, c]) => tr(appLink(a), [dot(c), " ", WORDS[c.state]?.[1]], c.version || dim("not known"), c.startup ? "can run" : dim("not shown"))))]);
  }

  function identifier(view, id) {
    const n = X.ids.findIndex(i => i.id === id);
    if (n < 0) return missing(view, "an identifier");
    const i = X.ids[n], u = asked()[n];
    finish(view, [h("h1", null, i.name, " ", h("span", { class: "chip " + resetClass(i) }, RESET[i.reset] ? RESET[i.reset][0] : "about the person or device")),
      h("p", null, i.glossary), i.restriction && h("p", { class: "dim" }, i.restriction), i.permission && h("p", { class: "dim" }, "Permission: ", h("code", null, i.permission)),
      h("section", { class: "card" }, h("h2", null, "Whose code asks for it"), more(["code", "apps"], [...u.by].sort((a, b) => b[1] - a[1]), ([o, c]) => tr(t(o), c), 30)),
      h("section", { class: "card" }, h("h2", null, plural(u.apps.length, "app")), more(["app", "whose code"], u.apps, ([a, d]) => tr(appLink(a), uniq(d.by.map(b => X.owners[b].name)).map((o, k) => [k ? " · " : "", t(o)]))))]);
  }

  function domain(view, id) {
    const n = X.domains.findIndex(d => d.name === id);
    if (n < 0) return missing(view, "a domain");
    const d = X.domains[n], u = domains()[n];
    finish(view, [h("h1", null, t(d.name)), h("ul", { class: "facts" }, d.owner && h("li", null, "a domain of ", d.owner),
      h("li", null, d.place >= 0 ? ["registered in ", h("strong", null, place(d.place)), " (", GRADE[d.grade] || d.grade, ")"] : "no record about the domain itself is known here"), d.seat >= 0 && h("li", null, "its owner has its seat in ", place(d.seat))),
      d.why && h("p", null, "Record: ", t(d.why)), h("p", { class: "dim" }, "Naming a host is not talking to it, and a company's seat is not where a domain is registered."),
      h("section", { class: "card" }, h("h2", null, "In whose code"), more(["code", "apps"], [...u.by].sort((a, b) => b[1] - a[1]), ([o, c]) => tr(t(o), c), 30)),
      h("section", { class: "card" }, h("h2", null, plural(u.apps.length, "app")), more(["app", "whose code"], u.apps, a => tr(appLink(a), uniq(a.domains.find(x => x.n === n).by.map(b => X.owners[b].name)).map((o, k) => [k ? " · " : "", t(o)]))))]);
  }

  function glossary(view) {
    const def = (word, what, extra) => [h("dt", null, h("strong", null, word)), h("dd", null, what, extra && h("div", { class: "dim" }, extra))];
    finish(view, [h("h1", null, "What the words mean"),
      h("section", { class: "card" }, h("h2", null, "What is said of apps"), h("dl", null,
        def("carries", "The SDK's code is in the app's files. That says nothing of whether it runs."),
        def("names", "The host stands in the app's code or resources. That is not a connection to it."),
        def("asks for", "Code calls the method, or reads the setting, that returns the identifier. What becomes of it is not shown."),
        def("tracker", X.means + " What is made for something that people see and use, or against fraud, stands under other services: push, login, payment and the like. This is the line that Exodus Privacy draws; where its list has more, the SDK says so."),
        def("own code", "Code in the app's own packages, as far as their names tell."),
        def("registered in", "A record about this very domain names the city: WHOIS, or a filing such as China's ICP. The seat of the owner is told apart from it."),
        def("not read", "Nothing can be said. It is never the same as nothing found."),
        def("can run at app start", "A way of calls leads from what Android runs when the app starts to the SDK. A condition may stand on it."))),
      h("section", { class: "card" }, h("h2", null, "How far an SDK is shown to be active"), h("dl", null, Object.values(WORDS).map(w => def(w[0] + " " + w[1], w[2])))),
      h("section", { class: "card" }, h("h2", null, "Identifiers in this report"), h("dl", null, X.ids.filter(i => i.glossary).sort(byReset).map(i => def(h("a", { href: to("identifier", i.id) }, i.name), i.glossary, RESET[i.reset] && RESET[i.reset].join(": "))))),
    ]);
  }

  // ---- One app.
  const at = l => { let s = l.unit || ""; if (l.class) s += "  " + l.class.replace(/^L|;$/g, "").replaceAll("/", ".") + (l.method ? "." + l.method : ""); if (l.offset != null) s += " @" + l.offset; return h("code", null, s); };
  const ref = s => { const m = /^L([^;]+);->([^(:]+)/.exec(s || ""); return m ? m[1].slice(m[1].lastIndexOf("/") + 1).replaceAll("$", ".") + "." + m[2] : s; };
  const owner = o => o.name + (o.via?.length ? ", called from " + uniq(o.via.map(v => v.replace(/ \(L.*$/, ""))).slice(0, 3).join(" and ") : "");
  const sites = (s, total) => [list(["whose code", "how", "where"], s.map(x => tr(t(owner(x.owner)), [x.how || "", x.ref && [" ", h("code", null, ref(x.ref))], x.args?.length > 0 && [" with ", h("code", null, x.args.join(", "))], x.decoded_via?.length > 0 && dim(" read via " + x.decoded_via.join(", "))], at(x)))), total > s.length && h("p", { class: "dim" }, plural(total - s.length, "more place"), " in the JSON report.")];
  const fold = (label, ...what) => h("details", null, h("summary", null, label), ...what);

  async function app(view, id, token) {
    const o = appByID.get(id);
    if (!o) return missing(view, "an app");
    const a = await unpack("app-" + id);
    if (token !== shown) return; // somebody went on
    const names = new Map((a.sdks || []).map(s => [s.id, s]));
    const unread = a.status !== "complete";
    const problems = a.problems || [];
    const trackers = (a.sdks || []).filter(s => s.tracker && s.state !== "referenced"), packers = (a.sdks || []).filter(s => s.kind === "packer");
    const services = (a.sdks || []).filter(s => s.service && !s.tracker && s.kind !== "packer" && s.state !== "referenced"),
      others = (a.sdks || []).filter(s => !s.tracker && s.kind !== "packer" && !services.includes(s)), refs = (a.sdks || []).filter(s => s.tracker && s.state === "referenced");
    const ids = (a.identifiers || []).slice().sort((x, y) => (x.confidence === "low") - (y.confidence === "low") || byReset(x, y));
    const code = (a.code || []);
    const sum = k => code.reduce((n, c) => n + c[k], 0);
    const parts = [];
    const section = (sid, head, ...body) => parts.push([sid, head, h("section", { class: "card", "aria-labelledby": sid }, h("h2", { id: sid, tabindex: "-1" }, head), ...body)]);

    if (a.verdicts?.length) section("verdicts", "Verdicts of the policy", list(["rule", "outcome", "what", "what to do"], a.verdicts.map(v => tr([t(v.rule), " ", tag(v.severity, v.severity === "error" ? "bad" : "")], v.outcome === "violation" ? tag("violation", "bad") : [tag(v.outcome), v.suppression && dim(" " + v.suppression.reason + " (" + v.suppression.owner + ", until " + v.suppression.expires + (v.suppression.expired ? ", expired" : "") + ")")], t(v.message), v.help || ""))));

    const known = new Map((a.endpoints || []).map(e => [e.host || e.value, e]));
    const hostChip = x => { const e = known.get(x), p = e?.registered_in; return h("a", { class: "chip" + (p ? " place" : ""), href: to("domain", e ? e.registrable_domain || e.host || e.value : x), title: p ? "registered in " + spot(p) : e?.owner_name || "" }, x, p && " · " + (p.city || p.country)); };
    if (a.who?.length) section("who", "Whose code asks for what, and names which hosts", list(["whose code", "asks for", "names", "calls"], a.who.map(w => tr(
      [w.sdk && names.has(w.sdk) ? h("a", { href: to("sdk", w.sdk) }, t(w.owner)) : t(w.owner), names.get(w.sdk)?.tracker && [" ", tag("tracker", "warn")]],
      w.reads.map(r => byID.get(r)).filter(Boolean).sort(byReset).map(chip),
      w.hosts.length > 8 ? [w.hosts.slice(0, 8).map(hostChip), fold("and " + (w.hosts.length - 8) + " more", w.hosts.slice(8).map(hostChip))] : w.hosts.map(hostChip),
      w.calls.length > 3 ? fold(plural(w.calls.length, "kind") + " of call", w.calls.join(", ")) : dim(w.calls.join(", ")))), "who"),
      h("p", { class: "legend" }, Object.entries(RESET).map(([k, v]) => h("span", null, h("span", { class: "chip " + k }, v[0]), " ")), h("span", { class: "chip none" }, "about the person or device"), " ", h("span", { class: "chip place" }, "host · city its domain is registered in")));

    const one = s => h("div", { class: "thing", id: "sdk-" + encodeURIComponent(s.id) },
      h("h3", null, dot({ state: s.state, startup: s.at_startup }), " ", h("a", { href: to("sdk", s.id) }, t(s.name)), " ", s.version?.value && [t(s.version.value), " "], tag(s.tracker ? s.category : s.label || s.category), " ", s.confidence !== "high" && tag("confidence " + s.confidence)),
      h("div", null, WORDS[s.state]?.[1], s.at_startup && ", can run at app start" + (s.at_startup.guarded ? " behind a condition" : ""), " · ", s.vendor_name, seatOf(s.vendor_records), " · ", s.classes > 0 ? plural(s.classes, "class", "classes") + (s.packages?.length ? " in " + s.packages.slice(0, 3).map(p => p || "no package").join(", ") : "") : "no class of it was found: see the evidence"),
      s.tracker && s.tracker_reason && h("div", { class: "dim" }, "Counts as a tracker: ", t(s.tracker_reason)),
      !s.tracker && s.aka?.exodus && h("div", { class: "dim" }, "In the list of trackers of Exodus Privacy (", s.aka.exodus, ")"),
      s.events?.length > 0 && fold(plural(s.events.length, "event") + " handed to it", events(s.events)),
      (s.renamed || []).map(r => h("div", null, tag("renamed", "warn"), " ", t(r.text))),
      fold("Evidence", h("p", null, t(s.basis)),
        (s.renamed || []).map(r => [r.by === "code" ? h("p", null, "Recognised by the code of its classes alone: ", r.matched, " of ", r.known_classes) : h("p", null, plural(r.strings, "string"), " of the ", r.known, " known of it", r.nearest_version && ", most like version " + r.nearest_version, ": ", (r.samples || []).map(x => [h("code", null, x), " "])),
          r.classes?.length > 0 && list(["class in the app", "its name in the product"], r.classes.map(c => tr(h("code", null, c.class), h("code", null, c.original))))]),
        list(["evidence", "what was seen", "where"], (s.evidence || []).map(e => tr([e.kind, " ", dim(e.strength), e.count > 1 && dim(" ×" + e.count)], h("code", null, e.value), at(e)))),
        s.states?.length > 0 && [h("h3", null, "How far it is active"), h("ul", null, s.states.map(x => h("li", null, WORDS[x.state]?.[1] || x.state, ": ", t(x.reason))))],
        s.at_startup && [h("h3", null, "A way from app start to it"), h("ol", null, (s.at_startup.path || []).map(x => h("li", null, h("code", null, x))))],
        s.version?.clue && h("p", null, "Version by ", h("code", null, s.version.clue), s.version.exact ? "" : " (a range)"),
        s.app_keys?.length > 0 && h("p", null, "Keys: ", s.app_keys.map(k => [k.name + " ", h("code", null, k.value), " ", shared(o, s.id, k)])),
        s.switches?.length > 0 && h("p", null, "It can be switched off: ", s.switches.map(w => h("code", null, "meta-data " + w.meta_data + " = " + w.value + " "))),
        (s.vendor_records || []).map(r => h("p", { class: "dim" }, "Seat: ", spot(r), " (", GRADE[r.grade] || r.grade, "): ", t(r.evidence)))));
    section("trackers", trackers.length || packers.length ? plural(trackers.length, "tracker") : "Trackers", trackers.length + packers.length ? [packers.map(one), trackers.map(one)] : h("p", null, unread ? "None was found in what was read; not everything was." : "None that the rules know."),
      refs.length > 0 && h("p", { class: "dim" }, "Only referenced, not in the app: ", refs.map(s => s.name).join(", ")));

    if (services.length) section("services", plural(services.length, "other service"), services.map(one));

    section("identifiers", "Identifiers the code asks for", ids.length ? ids.map(i => { const meta = byID.get(i.id) || i; return h("div", { class: "thing", id: "id-" + encodeURIComponent(i.id) }, h("h3", null, chip(meta), " ", dim(RESET[i.reset] ? RESET[i.reset][0] : ""), i.confidence !== "high" && [" ", tag("confidence " + i.confidence)]),
      h("div", null, (i.sites || []).length > 0 && uniq(i.sites.map(s => owner(s.owner))).slice(0, 5).map((s, n) => [n ? " · " : "", t(s)]), i.permission && i.permission_declared != null && dim(" · " + i.permission.replace(/^.*\./, "") + (i.permission_declared ? " declared" : " not declared"))),
      fold("What it is, and where it is asked for", h("p", null, meta.glossary), meta.restriction && h("p", { class: "dim" }, meta.restriction), sites(i.sites || [], i.total))); }) : h("p", null, unread ? "None was found in what was read; not everything was." : "None that the rules know."));

    const groups = new Map();
    for (const e of a.endpoints || []) {
      const r = e.registered_in, s = !r && (e.records || []).find(x => x.grade.startsWith("company-"));
      const k = r ? "0Registered in " + spot(r) : s ? "1Owner's seat in " + spot(s) : "2No record is known";
      const dom = e.registrable_domain || e.host || e.value;
      if (!groups.has(k)) groups.set(k, new Map());
      if (!groups.get(k).has(dom)) groups.get(k).set(dom, []);
      groups.get(k).get(dom).push(e);
    }
    const noise = Object.values(a.noise || {}).reduce((x, y) => x + y, 0);
    section("hosts", "Hosts the app names", [...groups.keys()].sort().map(k => [h("h3", null, k.slice(1)), [...groups.get(k)].sort((x, y) => x[0] < y[0] ? -1 : 1).map(([dom, es]) => h("div", { class: "thing" },
      h("a", { href: to("domain", dom) }, t(dom)), " ", es[0].owner_name && dim("of " + es[0].owner_name + " "), uniq(es.map(e => e.host)).length > 1 && dim(plural(uniq(es.map(e => e.host)).length, "host") + " "), es.some(e => e.cleartext) && tag("http, not encrypted", "warn"), es.every(e => e.doubtful) && tag("may be part of another name"),
      es[0].registered_in && h("div", { class: "dim" }, GRADE[es[0].registered_in.grade] || es[0].registered_in.grade, ": ", t(es[0].registered_in.evidence), es[0].registered_in.date && " · " + es[0].registered_in.date, es[0].registered_in.source && " · " + es[0].registered_in.source),
      fold(plural(es.length, "address", "addresses") + ", where they stand", es.map(e => [h("p", null, h("code", null, e.value), e.role && [" ", tag(e.role)], e.host_sdk && dim(" a host of " + (names.get(e.host_sdk)?.name || e.host_sdk))), sites(e.locations || [], e.total)]))))]),
      !groups.size && h("p", null, unread ? "None was found in what was read; not everything was." : "None."), noise > 0 && fold(plural(noise, "address", "addresses") + " that say nothing", h("p", null, Object.entries(a.noise).map(([k, n]) => n + " × " + k).join(" · "))));

    const handed = (a.sdks || []).filter(s => s.events?.length);
    if (handed.length) section("events", "Events handed to SDKs", handed.map(s => h("div", { class: "thing" }, h("h3", null, s.name), events(s.events))));

    const dyn = a.dynamic_code || [], sc = a.scope || {};
    section("unseen", "What was not seen",
      h("ul", null, problems.map(p => h("li", null, p.lossy ? h("strong", { class: "bad" }, "not all read: ") : p.kind === "tampered" ? h("strong", null, "tampered: ") : "", p.part && [h("code", null, p.part), " "], t(p.detail))),
        sc.dynamic_loading > 0 && h("li", null, plural(sc.dynamic_loading, "call"), " load classes at run time."), sc.native_loading > 0 && h("li", null, plural(sc.native_loading, "call"), " load native libraries that are not known to be the app's."), sc.native_methods > 0 && h("li", null, plural(sc.native_methods, "method"), " in native code, which was not followed."), sc.unresolved > 0 && h("li", null, plural(sc.unresolved, "call"), " whose target optimised code no longer names."), a.left?.length > 0 && h("li", null, "Left out of this page, in the JSON report: ", a.left.join(", ")), h("li", { class: "dim" }, sc.note || "")),
      dyn.length > 0 && fold("Code loaded at run time, by whose code", list(["kind", "whose code", "where"], dyn.map(d => tr(d.kind, t(owner(d.owner)), (d.sites || []).map(s => h("div", null, at(s))))))));

    const nobody = a.unknown_code || [];
    if (nobody.length) section("unknown", "Code that no rule knows", fold(plural(nobody.length, "package"), list(["package", "classes"], nobody.map(u => tr(h("code", null, u.package), u.classes.toLocaleString("en"))))));
    if (others.length) section("libraries", plural(others.length, "other library", "other libraries"), fold("Show them", others.map(one)));
    section("about", "The app and its files",
      h("ul", { class: "facts" }, h("li", null, "target SDK ", a.target_sdk || "?"), h("li", null, "version code ", a.version_code), (a.signers || []).map(s => h("li", null, "signer (claimed) ", h("code", null, s.sha256)))),
      a.exported?.length > 0 && fold(plural(a.exported.length, "component") + " that other apps can reach", list(["kind", "class", "permission", "whose"], a.exported.map(c => tr(c.kind, h("code", null, c.class), c.permission || h("strong", null, "none"), names.get(c.sdk)?.name || "")))),
      fold(plural((a.permissions || []).length, "permission"), h("p", null, (a.permissions || []).map(p => [h("code", null, p.name), " "]))),
      fold(plural((a.parts || []).length, "file") + " and " + plural(code.length, "unit") + " of code", list(["file", "role", "SHA-256"], (a.parts || []).map(p => tr(t(p.path), p.role, h("code", null, p.sha256)))), list(["unit", "format", "classes", "instructions", "read"], code.map(c => tr(h("code", null, c.unit), c.format + " " + c.version, c.classes.toLocaleString("en"), c.instructions.toLocaleString("en"), STATUS[c.status] || c.status)))));

    finish(view, [
      h("h1", null, t(title(o)), " ", dim(o.version)),
      h("ul", { class: "facts" }, h("li", null, h("code", null, a.package || "no package name")), h("li", null, t(a.path)), h("li", null, code.length ? plural(sum("classes"), "class", "classes") + " read" : "no code read")),
      unread && h("div", { class: "unread", role: "note" }, h("h2", null, { __proto__: null, partial: "Read only in part", "no-code": "Its code was not read", failed: "Not read" }[a.status] || a.status), h("ul", null, problems.filter(p => p.lossy || a.status !== "partial").slice(0, 6).map(p => h("li", null, p.part && [h("code", null, p.part), " "], t(p.detail)))), h("p", null, "What is listed here was found. What is not listed may be there all the same.")),
      brief(o, a, trackers, ids),
      timeline(o),
      h("nav", { "aria-label": "On this page" }, h("ul", { class: "toc" }, parts.map(([sid, head]) => h("li", null, h("a", { href: to("app", o.id) + "/" + sid }, head))))),
      parts.map(p => p[2]),
      h("p", { class: "dim" }, "Everything that backs a statement: ", h("code", null, "telltale explain " + (/^[\w./-]+$/.test(a.path) ? a.path : "APP") + " SDK|HOST|IDENTIFIER")),
    ]);
    if (route.part) { const e = $(route.part); e?.scrollIntoView(); e?.focus({ preventScroll: true }); }
  }
  const seatOf = records => { const r = (records || []).find(x => x.grade?.startsWith("company-")); return r ? ", seat in " + (r.city || spot(r)) : ""; };
  const events = list_ => h("p", null, list_.map((e, n) => [n ? " · " : "", h("code", { title: e.class + " " + (e.method || "") }, e.name + (e.keys?.length ? " {" + e.keys.join(", ") + "}" : ""))]));
  function shared(o, id, k) {
    const same = X.apps.filter(b => b.package !== o.package && b.keys.some(x => x[0] === id && x[1] === k.name && x[2] === k.value && x[2].length >= 8));
    return same.length > 0 && [dim("the same as far as shown in "), same.slice(0, 5).map(b => [h("a", { href: to("app", b.id) }, t(title(b))), " "])];
  }
  function brief(o, a, trackers, ids) {
    const own = o.registered.map(n => place(n));
    const hard = ids.filter(i => i.confidence !== "low" && ["never", "device"].includes(i.reset));
    const s = [];
    const code = trackers.filter(x => x.classes > 0), traces = trackers.length - code.length, start = trackers.filter(x => x.at_startup).length;
    if (code.length) s.push("It carries code of " + plural(code.length, "tracker") + (start ? "; " + start + " can run at app start" : "") + ".");
    if (traces) s.push("It holds traces of " + (code.length ? traces + " more" : plural(traces, "tracker")) + " without a class of " + (traces === 1 ? "it" : "them") + ".");
    if (!trackers.length) s.push("No tracker that the rules know was found" + (a.status !== "complete" ? " in what was read; not everything was" : "") + ".");
    if (hard.length) s.push("Its code asks for " + plural(hard.length, "identifier") + " that " + (hard.length === 1 ? "stays" : "stay") + " with the device: " + hard.map(i => i.name).join(", ") + ".");
    if (own.length) s.push("It names hosts of domains registered in " + own.join("; ") + ".");
    if (o.events) s.push(plural(o.events, "named event") + " " + (o.events === 1 ? "is" : "are") + " handed to SDKs.");
    return h("p", { class: "lead" }, s.join(" "));
  }
  // timeline sets the versions of one app side by side, the oldest first.
  function timeline(o) {
    if (!o.package) return null;
    const all = X.apps.filter(b => b.package === o.package && b.signer === o.signer).sort((x, y) => x.code - y.code);
    if (uniq(all.map(b => b.code + " " + b.version)).length < 2) return null;
    const lines = [];
    const put = (kind, of, name) => {
      const maps = all.map(b => new Map(of(b)));
      for (const k of uniq(maps.flatMap(m => [...m.keys()]))) lines.push({ kind, name: name(k), has: maps.map(m => m.has(k)), note: maps.map(m => m.get(k) || "") });
    };
    put("tracker", b => b.sdks.filter(isTracker).map(c => [c.sdk, c.version]), n => X.sdks[n].name);
    put("identifier", b => b.ids.filter(d => !d.low).map(d => [d.n]), n => X.ids[n].name);
    put("domain", b => b.domains.filter(d => !d.low && (where(d) >= 0 || X.domains[d.n].owner)).map(d => [d.n]), n => X.domains[n].name);
    const moving = lines.filter(l => l.has.some(x => x !== l.has[0]) || l.note.some(x => x !== l.note[0])), steady = lines.length - moving.length;
    const cell = (l, n) => { const was = n ? l.has[n - 1] : null, is = l.has[n]; return h("td", null, is ? [was === false ? h("span", { class: "plus", title: "new" }, "+ ●") : "●", l.note[n] && " " + l.note[n]] : was === true ? h("span", { class: "minus", title: "gone" }, all[n].status === "complete" ? "− gone" : "?") : all[n].status === "complete" ? dim("–") : "?"); };
    return h("section", { class: "card", "aria-labelledby": "time" }, h("h2", { id: "time" }, "Over time: " + plural(all.length, "version") + " in this report"),
      h("div", { class: "wrap" }, h("table", { class: "list time" }, h("thead", null, h("tr", null, h("th", { scope: "col" }, "what changed"), all.map(b => h("th", { scope: "col" }, b === o ? h("strong", null, b.version || b.code) : h("a", { href: to("app", b.id) }, b.version || b.code), b.status !== "complete" && h("div", null, tag(STATUS[b.status], "bad")))))),
        h("tbody", null, moving.map(l => h("tr", null, h("th", { scope: "row" }, t(l.name), " ", dim(l.kind)), all.map((b, n) => cell(l, n))))))),
      h("p", { class: "dim" }, moving.length ? "" : "Nothing of what is compared changed. ", plural(steady, "thing"), " the same in all of them. Versions are in the order of their codes."));
  }

  // ---- What the address asks for.
  let shown = 0;
  const views = { apps, sdks, hosts, identifiers, glossary, app, sdk, identifier, domain };
  const keep = new Map(); // where tables were scrolled to
  async function show() {
    const hash = location.hash;
    if (hash && !hash.startsWith("#/")) return; // a place on the page
    const token = ++shown;
    if (table) keep.set(route.key, table.box.scrollTop);
    const [path, query] = hash.slice(2).split("?");
    const part = path.split("/").map(s => { try { return decodeURIComponent(s); } catch { return s; } });
    const params = Object.create(null);
    for (const kv of (query || "").split("&")) { const i = kv.indexOf("="); if (i > 0) { try { params[kv.slice(0, i)] = decodeURIComponent(kv.slice(i + 1)); } catch { /* not ours */ } } }
    const before = route.view + "/" + route.id;
    route = { view: part[0], id: part[1] || "", part: part[2], params, key: hash };
    const run = Object.hasOwn(views, route.view) ? views[route.view] : null;
    const view = $("view");
    table = null;
    $("overview").hidden = !!run;
    view.hidden = !run;
    const group = { app: "apps", sdk: "sdks", domain: "hosts", identifier: "identifiers" }[route.view] || route.view;
    for (const n of document.querySelectorAll(".top nav a")) n.toggleAttribute("aria-current", n.getAttribute("href") === "#/" + group);
    if (document.activeElement !== $("q")) $("q").value = params.q || "";
    if (run) {
      const focused = document.activeElement?.id;
      await run(view, route.id ? route.id : params, token);
      if (focused?.startsWith("f-")) $(focused)?.focus();
      document.title = (view.querySelector("h1")?.textContent || "Report") + " – Telltale report";
    } else {
      view.replaceChildren();
      document.title = "Telltale report";
    }
    if (before !== route.view + "/" + route.id) {
      if (!route.part) scrollTo(0, 0);
      if (table && keep.has(hash)) table.box.scrollTop = keep.get(hash);
      if (document.activeElement === document.body || !document.activeElement) $("main").focus({ preventScroll: true });
    }
    document.documentElement.dataset.ready = route.view || "overview";
  }
  addEventListener("hashchange", show);

  let typing = 0;
  $("q").addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => {
      const q = $("q").value;
      if (["apps", "sdks", "hosts", "identifiers"].includes(route.view) && !route.id) change({ q });
      else if (q) location.hash = link("apps", { q });
    }, 80);
  });
  $("keys").addEventListener("click", () => $("help").showModal());

  let go = 0;
  addEventListener("keydown", e => {
    if (e.ctrlKey || e.metaKey || e.altKey || $("help").open) return;
    const inText = /^(INPUT|SELECT|TEXTAREA)$/.test(e.target.tagName);
    if (e.key === "Escape") {
      if (inText) e.target.blur();
      else if (["app", "sdk", "domain", "identifier"].includes(route.view)) history.length > 1 ? history.back() : location.hash = "#/apps";
      return;
    }
    if (e.target.id === "q" && (e.key === "ArrowDown" || e.key === "Enter") && table) { table.move("home"); e.preventDefault(); return; }
    if (inText) return;
    if (Date.now() - go < 1500) {
      go = 0;
      const v = { o: "", a: "apps", s: "sdks", h: "hosts", i: "identifiers" }[e.key];
      if (v !== undefined) { location.hash = "#/" + v; e.preventDefault(); return; }
    }
    const how = { ArrowDown: "next", j: "next", ArrowUp: "back", k: "back", PageDown: "pagedown", PageUp: "pageup", Home: "home", End: "end" }[e.key];
    if (how && table) { table.move(how); e.preventDefault(); }
    else if (e.key === "/") { $("q").focus(); $("q").select(); e.preventDefault(); }
    else if (e.key === "?") $("help").showModal();
    else if (e.key === "g") go = Date.now();
    else if (e.key === "Enter" && table && !e.target.closest("a, button, summary")) table.open();
  });
  // On paper there is no scrolling: all rows, and all that is folded.
  addEventListener("beforeprint", () => { table?.draw(true, true); for (const d of $("view").querySelectorAll("details")) d.open = true; });
  addEventListener("afterprint", () => table?.draw(true));

  await show();
})();
