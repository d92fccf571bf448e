// pages.js: every page a role can reach, in light and dark, wide and narrow: axe, no wider than the window, targets, structure, nothing inline. Asked with PAGES (JSON):
// {at, people: [{name, password, role, start: [paths]}], routes: [{method, path, roles, json}], start: [paths], folder: where pictures go or ""}. What a role can reach and no link leads to counts as a failure.
"use strict";
const path = require("path");
const L = require("./lib.js");

const asked = JSON.parse(process.env.PAGES);
const TALLEST = 1500; // of a picture
const MOST = 2; // pages of one route and role: lists lead to many of the same kind
const views = asked.folder ? [["wide", "light"], ["wide", "dark"], ["narrow", "light"], ["narrow", "dark"]] : [["wide", "light"], ["narrow", "dark"]];

const routes = asked.routes.filter((r) => r.method === "GET" && !r.json).map((r) => ({ ...r, like: new RegExp(`^${r.path.replace(/[.]/g, "\\.").replace(/\{\}/g, "[^/]+")}$`) }));
// the most literal one, as the server chooses
function routeOf(where) {
	return routes.filter((r) => r.like.test(where)).sort((a, b) => a.path.split("{}").length - b.path.split("{}").length)[0];
}

async function judge(page, where, size, scheme, role, name, first) {
	await page.setViewportSize(L.SIZES[size]);
	await page.emulateMedia({ colorScheme: scheme });
	const told = `${role} ${where}, ${size}, ${scheme}`;
	const m = await page.evaluate(L.measure), s = await page.evaluate(L.structure), faint = await page.evaluate(L.edges);
	L.check(`${told}: no wider than the window`, m.width <= L.SIZES[size].width, m);
	L.check(`${told}: targets`, m.small.length === 0, m.small);
	L.check(`${told}: fields are seen`, faint.length === 0, faint);
	// a picture leaves styles of its own behind
	if (first) L.check(`${told}: one h1, captions, scopes, nothing inline`, s.h1 === 1 && s.lang !== "" && s.tables === 0 && s.inline === 0, s);
	const found = asked.folder ? [] : await L.axe(page);
	L.check(`${told}: axe`, found.length === 0, found);
	if (asked.folder) await page.screenshot({ path: path.join(asked.folder, `${role}${name}-${size}-${scheme}.png`.replace(/[^\w.-]+/g, "_")), fullPage: true, clip: { x: 0, y: 0, width: L.SIZES[size].width, height: Math.min(TALLEST, await page.evaluate(() => document.documentElement.scrollHeight)) } });
}

async function walk(context, who) {
	const page = await context.newPage(), errors = [];
	page.on("pageerror", (e) => errors.push(`${page.url()}: ${e}`));
	page.on("console", (m) => { if (m.type() === "error" && !/404|403/.test(m.text())) errors.push(`${page.url()}: ${m.text()}`); });
	page.on("download", (d) => d.cancel());
	const todo = ["/", ...asked.start, ...who.start], seen = new Set(todo), times = new Map();
	while (todo.length > 0) {
		const where = todo.shift(), route = routeOf(where.split("?")[0]);
		const times_ = times.get(route && route.path) || 0;
		if (!route || !route.roles.includes(who.role) && route.roles.length > 0 || times_ >= MOST) continue;
		const answer = await page.goto(asked.at + where, { waitUntil: "load" }).catch((e) => (/download|ERR_ABORTED/i.test(String(e)) ? null : Promise.reject(e)));
		times.set(route.path, times_ + 1);
		if (!answer || !/html/.test(answer.headers()["content-type"] || "")) continue;
		if (!L.check(`${who.role} ${where}: is there`, answer.status() === 200, answer.status())) continue;
		for (const href of await page.locator("a[href^='/']:not([download])").evaluateAll((v) => v.map((a) => a.getAttribute("href").split("#")[0]))) {
			if (!seen.has(href) && href !== "") { seen.add(href); todo.push(href); }
		}
		if (times_ < 1) for (const [size, scheme] of views) await judge(page, where, size, scheme, who.role, route.path + (times_ || ""), size === views[0][0] && scheme === views[0][1]);
	}
	L.check(`${who.role}: no error on any page`, errors.length === 0, errors.slice(0, 5));
	// what one gets only after having done something is looked at by the tests of that
	const missed = routes.filter((r) => r.roles.includes(who.role) && !times.has(r.path) && !/export|\.(json|txt|tar)|cast$|^\/events$|^\/report\/\{\}$/.test(r.path)).map((r) => r.path);
	if (!asked.folder) L.check(`${who.role}: every page is reached by links`, missed.length === 0, missed);
	console.log(`${who.role}: ${times.size} routes, ${[...times.values()].reduce((a, b) => a + b, 0)} pages`);
}

async function main() {
	const browser = await L.launch();
	const entered = [];
	for (const who of asked.people) {
		const context = await L.person(browser), page = await context.newPage();
		await L.drive("fresh");
		await L.login(page, asked.at, who);
		await page.close();
		entered.push([context, who]);
	}
	const walker = async () => { for (let next = entered.shift(); next; next = entered.shift()) await walk(...next); };
	await Promise.all([walker(), walker()]);
	const nobody = await L.person(browser), page = await nobody.newPage();
	await page.goto(`${asked.at}/login`);
	for (const [size, scheme] of views) await judge(page, "/login", size, scheme, "nobody", "/login");
	await browser.close();
	process.exit(L.done("pages"));
}
main().catch((e) => { console.log(e); process.exit(1); });
