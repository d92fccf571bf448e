// xss.js: goes through every page that shows what outsiders wrote and looks whether any of it became more than text. Asked with PAGES: {at, people, start}.
"use strict";
const L = require("./lib.js");

const asked = JSON.parse(process.env.PAGES);
const MOST = 90; // pages of a person

// in every page before anything else: whoever calls it has run
const TRAP = () => {
	window.__seen = [];
	window.__xss = (n) => window.__seen.push(`ran: ${n}`);
	for (const name of ["alert", "confirm", "prompt", "open"]) window[name] = () => window.__seen.push(`ran: ${name}`);
	document.addEventListener("securitypolicyviolation", (e) => window.__seen.push(`policy: ${e.violatedDirective} ${e.blockedURI} ${e.sample}`));
};
// elements that only a payload could have made
const FOREIGN = () => {
	const out = [...document.querySelectorAll("[data-xss], iframe, object, embed, base, meta[http-equiv], style, template, marquee, audio, video, math, foreignObject, dialog, [contenteditable], script:not([src^='/static/'])")].map((e) => e.outerHTML.slice(0, 120));
	for (const e of document.querySelectorAll("*")) {
		if (e.localName.includes("-")) out.push(e.outerHTML.slice(0, 120));
		for (const a of e.attributes) {
			if (/^on/i.test(a.name) || (a.name === "style" && !e.closest("[data-cast]")) || (/^(href|src|action|formaction|xlink:href|data|poster)$/.test(a.name) && !/^(\/(?!\/)|#|\?|$)/.test(a.value) && !/^https:\/\//.test(a.value) && !/^data:image\/(png|svg)/.test(a.value))) out.push(`${a.name}=${a.value.slice(0, 100)}`);
			if (/^(href|src|action)$/.test(a.name) && /xss\.invalid/.test(a.value.split("?")[0])) out.push(`${a.name}=${a.value.slice(0, 100)}`);
		}
	}
	return [...out, ...window.__seen];
};

async function look(browser, who) {
	const context = await L.person(browser), page = await context.newPage(), outside = new Set(), found = new Set();
	await context.addInitScript(TRAP);
	context.on("request", (r) => { if (!r.url().startsWith(asked.at) && !r.url().startsWith("data:image/")) outside.add(r.url()); });
	page.on("dialog", (d) => { L.check(`no dialog: ${page.url()} ${d.message()}`, false); d.dismiss(); });
	page.on("download", (d) => d.cancel());
	await L.drive("fresh");
	await L.login(page, asked.at, who);
	const todo = ["/", ...asked.start], seen = new Set(todo), kinds = new Map();
	let pages = 0, hidden = 0;
	while (todo.length > 0 && pages < MOST) {
		const where = todo.shift(), kind = where.split("?")[0].replace(/[^/]*[0-9%][^/]*/g, "{}") + (where.includes("?") ? "?" : ""), n = kinds.get(kind) || 0;
		if (n >= 8) continue;
		kinds.set(kind, n + 1);
		const answer = await page.goto(asked.at + where).catch(() => null);
		if (!answer || !/html/.test(answer.headers()["content-type"] || "") || answer.status() >= 400) continue;
		pages++;
		for (const s of await page.locator("summary").all()) await s.click({ timeout: 1000 }).catch(() => null);
		const play = page.locator(".replay button").first();
		if (await play.isVisible().catch(() => false)) { await page.keyboard.press("End"); await play.click().catch(() => null); await page.waitForTimeout(500); }
		const bad = await page.evaluate(FOREIGN);
		L.check(`${who.role} ${where}: nothing of theirs is an element, and nothing ran`, bad.length === 0, bad.slice(0, 5));
		const text = await page.evaluate(() => document.documentElement.textContent);
		for (const m of text.matchAll(/__xss\((\d+)/g)) found.add(m[1]);
		hidden += [...text].filter((c) => /[\u202a-\u202e\u2066-\u2069\u0000-\u0008\u000b-\u001f\u009b]/.test(c)).length;
		for (const href of await page.locator("a[href^='/']:not([download])").evaluateAll((v) => v.map((a) => a.getAttribute("href").split("#")[0]))) {
			if (href && !seen.has(href)) { seen.add(href); todo.push(href); }
		}
	}
	L.check(`${who.role}: nothing was asked of other hosts`, outside.size === 0, [...outside].slice(0, 5));
	L.check(`${who.role}: characters that turn or hide text are shown, not obeyed`, hidden === 0, hidden);
	await context.close();
	console.log(`${who.role}: ${pages} pages, ${found.size} of the calls were there to be read`);
	return found;
}
async function main() {
	const browser = await L.launch(), read = new Set();
	const probe = await (await L.person(browser)).newPage(); // a trap that catches nothing proves nothing
	await probe.addInitScript(TRAP);
	await probe.goto(`${asked.at}/login`);
	await probe.evaluate(() => document.querySelector("main").insertAdjacentHTML("beforeend", "<img src=q onerror=__xss(1)><p data-xss=2>x</p><a href='https://xss.invalid/3'>x</a><a href=javascript:__xss(4)>x</a>"));
	await probe.waitForTimeout(300);
	const caught = await probe.evaluate(FOREIGN);
	L.check("the trap catches what is put into a page by hand", ["data-xss", "onerror", "xss.invalid", "javascript:", "policy: script-src"].every((w) => caught.some((c) => c.includes(w))), caught);
	for (const who of asked.people) (await look(browser, who)).forEach((n) => read.add(n));
	// a corpus that nobody sees proves nothing
	L.check(`the corpus was on the pages: ${read.size} of its calls`, read.size >= 100);
	await browser.close();
	process.exit(L.done("xss"));
}
main().catch((e) => { console.log(e); process.exit(1); });
