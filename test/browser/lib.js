// What the browser tests share: Chromium, pages of a console, judgements of a page (axe, width, targets).
"use strict";
const crypto = require("crypto");
const fs = require("fs");
const path = require("path");

const BROWSER = process.env.CHROMIUM || "/usr/bin/chromium";
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"];
const SIZES = { wide: { width: 1280, height: 900 }, narrow: { width: 360, height: 740 } };
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

function skip(why) {
	console.log(why);
	process.exit(77);
}
function need(name) {
	try {
		return require(name);
	} catch {
		return skip(`${name} is not there: script/deps test installs it`);
	}
}
const { chromium } = need("playwright-core");
const AXE = fs.readFileSync(path.join(path.dirname(require.resolve("axe-core")), "axe.min.js"), "utf8");

async function launch() {
	if (!fs.existsSync(BROWSER)) skip(`${BROWSER} is not installed`);
	return chromium.launch({ executablePath: BROWSER, args: FLAGS });
}
// One person in front of a browser of their own.
function person(browser, { size = "wide", scheme = "light", script = true, locale = "en-GB", ...more } = {}) {
	return browser.newContext({ viewport: SIZES[size], colorScheme: scheme, javaScriptEnabled: script, ignoreHTTPSErrors: true, reducedMotion: "reduce", locale, bypassCSP: false, ...more });
}

let failures = 0, passed = 0;
function check(what, holds, told = "") {
	if (holds) passed++;
	else failures++;
	if (!holds || process.env.VERBOSE) console.log(`${holds ? "ok    " : "FAILED"} ${what}${holds || told === "" ? "" : `: ${typeof told === "string" ? told : JSON.stringify(told)}`.slice(0, 1500)}`);
	return holds;
}
function done(what) {
	console.log(`${what}: ${passed} held, ${failures} did not`);
	return failures === 0 ? 0 : 1;
}

// axe on what is shown now, in the page's isolated world: the page's policy stays as strict as it is.
async function axe(page) {
	const cdp = await page.context().newCDPSession(page);
	const { frameTree } = await cdp.send("Page.getFrameTree");
	const { executionContextId: contextId } = await cdp.send("Page.createIsolatedWorld", { frameId: frameTree.frame.id, worldName: "axe" });
	const evaluate = async (expression) => {
		const r = await cdp.send("Runtime.evaluate", { expression, contextId, awaitPromise: true, returnByValue: true });
		if (r.exceptionDetails) throw new Error(r.exceptionDetails.exception ? r.exceptionDetails.exception.description : r.exceptionDetails.text);
		return r.result.value;
	};
	await evaluate(`${AXE};0`);
	const run = `axe.run(document, { runOnly: ${JSON.stringify(TAGS)}, resultTypes: ["violations"] }).then((r) => r.violations.map((v) => ({ id: v.id, impact: v.impact, help: v.help, nodes: v.nodes.map((n) => n.html.slice(0, 160) + " | " + n.failureSummary.split("\\n").slice(1, 3).join(" ")).slice(0, 4) })))`;
	const found = await evaluate(run);
	await cdp.detach();
	return found;
}
// What is wider than the page, and targets smaller than 24 by 24 that no spacing excuses (WCAG 2.2, 2.5.8; links within a sentence are exempt).
function measure() {
	const name = (e) => `${e.tagName.toLowerCase()}${e.className && typeof e.className === "string" ? "." + e.className : ""} "${(e.textContent || e.value || e.name || "").trim().slice(0, 40)}"`;
	const over = [], small = [];
	const root = document.scrollingElement;
	if (root.scrollWidth > innerWidth) {
		for (const e of document.body.querySelectorAll("*")) {
			const r = e.getBoundingClientRect();
			if (r.width > 0 && r.right > innerWidth + 1 && !e.closest(".scroll *, .graph *, pre *, body > nav *")) over.push(name(e));
		}
	}
	const inSentence = (e) => e.matches("a") && getComputedStyle(e).display === "inline";
	const boxes = [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']")].filter((e) => e.checkVisibility() && !e.closest(".skip, .unseen"));
	const at = boxes.map((e) => (e.matches("input[type=checkbox], input[type=radio]") && e.closest("label") ? e.closest("label") : e).getBoundingClientRect());
	boxes.forEach((e, i) => {
		const r = at[i];
		if (r.width === 0 || inSentence(e) || (r.width >= 24 && r.height >= 24)) return;
		const x = r.x + r.width / 2, y = r.y + r.height / 2;
		const near = at.some((o, j) => j !== i && o.width > 0 && !boxes[j].contains(e) && !e.contains(boxes[j]) && Math.max(0, Math.abs(o.x + o.width / 2 - x) - o.width / 2) ** 2 + Math.max(0, Math.abs(o.y + o.height / 2 - y) - o.height / 2) ** 2 < 144);
		if (near) small.push(`${name(e)} ${Math.round(r.width)}x${Math.round(r.height)}`);
	});
	return { width: root.scrollWidth, over: over.slice(0, 6), small: small.slice(0, 6) };
}
// Fields and buttons whose border is less than 3:1 from what is around them (WCAG 1.4.11); axe judges text only.
function edges() {
	const parse = (c) => (c.match(/[\d.]+/g) || [0, 0, 0, 0]).map(Number);
	const light = (c) => c.slice(0, 3).map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)).reduce((a, v, i) => a + v * [0.2126, 0.7152, 0.0722][i], 0);
	const ratio = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
	const ground = (e) => {
		for (let p = e; p; p = p.parentElement) {
			const c = parse(getComputedStyle(p).backgroundColor);
			if (c.length === 3 || c[3] > 0) return c;
		}
		return [255, 255, 255];
	};
	const out = [];
	for (const e of document.querySelectorAll("input:not([type=hidden], [type=checkbox], [type=radio], [type=range]), select, textarea, button:not(.plain), .button")) {
		if (!e.checkVisibility()) continue;
		const around = ground(e.parentElement), style = getComputedStyle(e);
		const best = Math.max(ratio(parse(style.borderTopColor), around), ratio(ground(e), around));
		if (best < 3) out.push(`${e.tagName} ${e.name || e.textContent}: ${best.toFixed(2)}`);
	}
	return out.slice(0, 5);
}
const structure = () => ({
	h1: document.querySelectorAll("h1").length,
	lang: document.documentElement.lang,
	tables: [...document.querySelectorAll("table")].filter((t) => !(t.caption || t.matches("[aria-label], [aria-labelledby]")) || [...t.querySelectorAll("th")].some((h) => !h.scope)).length,
	inline: document.querySelectorAll("[style]:not([data-cast] *), style").length + [...document.querySelectorAll("*")].filter((e) => [...e.attributes].some((a) => a.name.startsWith("on"))).length,
});

// A code of a second factor (RFC 6238) from the secret a page showed.
function totp(secret, step = 0) {
	const bits = [...secret.replace(/[\s=-]/g, "").toUpperCase()].map((c) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c).toString(2).padStart(5, "0")).join("");
	const key = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
	const counter = Buffer.alloc(8);
	counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000) + step));
	const h = crypto.createHmac("sha1", key).update(counter).digest(), at = h[19] & 15;
	return String((h.readUInt32BE(at) & 0x7fffffff) % 1000000).padStart(6, "0");
}
// The driver in Python does what a browser cannot: asks on stdout, answered by a line of JSON on stdin.
const lines = [], waiting = [];
let reading = false;
function drive(what, more = {}) {
	if (!reading) {
		reading = true;
		require("readline").createInterface({ input: process.stdin }).on("line", (l) => (waiting.length ? waiting.shift()(l) : lines.push(l)));
	}
	process.stdout.write(`@@ ${JSON.stringify({ do: what, ...more })}\n`);
	return new Promise((ok) => (lines.length ? ok(lines.shift()) : waiting.push(ok))).then(JSON.parse);
}

// As a person: name, password, and a code where there is a secret.
async function login(page, at, { name, password, secret, code }) {
	await page.goto(`${at}/login`);
	await page.getByLabel("User name").fill(name);
	await page.getByLabel("Password").fill(password);
	if (secret || code) await page.getByLabel("Code of your device").fill(code || totp(secret));
	await page.getByRole("button", { name: "Log in" }).click();
	await page.waitForURL((u) => u.pathname !== "/login", { timeout: 15000 }).catch(async (e) => { console.log(await page.locator("main").innerText()); throw e; });
}

module.exports = { axe, check, done, drive, edges, launch, login, measure, need, person, skip, structure, totp, SIZES };
