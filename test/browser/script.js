// script.js: web/console.js on a page of our own that changes: what one does on it stays, what changed is there, nothing needs the script.
"use strict";
const fs = require("fs");
const http = require("http");
const path = require("path");
const L = require("./lib.js");

const WEB = path.join(__dirname, "../../web");
const POLICY = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; require-trusted-types-for 'script'";
const state = { rows: ["web1", "web2", "files1", "db1", "mail1", "patch1", "bastion1", "app1", "app2"], note: "first", streams: new Set(), fetched: 0, sent: 0, version: 1, out: false };

function html() {
	const rows = state.rows.map((r) => `<tr id="row-${r}"><th scope="row"><a href="/host">${r}</a></th><td data-label="Note">${state.note}</td></tr>`).join("");
	return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Hosts (${state.rows.length})</title><link rel="stylesheet" href="/style.css"><script src="/console.js" defer></script></head><body>
<header><form role="search" action="/search"><input type="search" name="q" aria-label="Search"></form></header><nav aria-label="Main"><ul><li><a href="/page">Overview</a></li><li><a href="/incidents">Incidents</a></li></ul></nav>
<main id="main" tabindex="-1" data-live><h1>Hosts</h1><p>Seen <time data-ago datetime="${new Date(Date.now() - 190000).toISOString()}">just now</time></p>
<table data-filter><caption>Hosts</caption><thead><tr><th scope="col">Name</th><th scope="col">Note</th></tr></thead><tbody>${rows}</tbody></table>
<details id="more"><summary>More</summary><p>${state.note}</p></details><form method="post" action="/sent"><input type="hidden" name="version" value="${state.note}"><p><label for="why">Why</label><input id="why" name="why"></p><button>Send</button></form></main><footer></footer></body></html>`;
}
const server = http.createServer((q, r) => {
	const where = q.url.split("?")[0];
	if (where === "/style.css" || where === "/console.js") return r.writeHead(200, { "content-type": where.endsWith("css") ? "text/css" : "text/javascript" }).end(fs.readFileSync(path.join(WEB, where)));
	if (where === "/events") {
		r.writeHead(200, { "content-type": "text/event-stream" });
		r.write(`event: version\ndata: ${state.version}\n\n`);
		state.streams.add(r);
		q.on("close", () => state.streams.delete(r));
		return undefined;
	}
	if (where === "/sent") { state.sent++; return setTimeout(() => r.writeHead(303, { location: "/page" }).end(), 400); }
	if (state.out && where === "/page") return r.writeHead(303, { location: "/login" }).end();
	if (q.headers["x-postern-live"]) state.fetched++;
	return r.writeHead(200, { "content-type": "text/html; charset=utf-8", "content-security-policy": POLICY }).end(html());
});
const changed = () => {
	state.version++;
	state.streams.forEach((r) => r.write(`event: changed\ndata: ${state.version}\n\n`));
};
const shows = (page, f, arg) => page.waitForFunction(f, arg, { timeout: 15000 }).then(() => true, () => false);

async function stays(page) {
	await page.click("#more summary");
	await page.focus("#row-db1 a");
	const kept = await page.evaluateHandle(() => document.activeElement);
	state.rows = ["new1", ...state.rows.filter((r) => r !== "web2")];
	state.note = "second";
	changed();
	L.check("a new row comes", await shows(page, () => document.querySelector("#row-new1")));
	L.check("what is gone goes", await page.locator("#row-web2").count() === 0);
	L.check("texts change where they stand", (await page.textContent("#more p")) === "second" && (await page.textContent("#row-db1 td")) === "second");
	L.check("focus stays on the same link", await page.evaluate((e) => document.activeElement === e, kept));
	L.check("what was open stays open", await page.evaluate(() => document.querySelector("#more").open));
	L.check("order is the page's", (await page.locator("tbody tr").first().getAttribute("id")) === "row-new1");
	L.check("it is said politely", (await page.textContent("[role=status]")).includes("updated"));
	L.check("hidden fields follow", (await page.inputValue("input[name=version]")) === "second");
	L.check("the title follows", await shows(page, () => document.title === "Hosts (9)"));
}
async function pauses(page) {
	await page.fill("#why", "because");
	state.note = "third";
	changed();
	L.check("while somebody writes, it only says so", await shows(page, () => document.querySelector(".news")));
	L.check("and what was decided on stays as it was shown", (await page.inputValue("input[name=version]")) === "second" && (await page.textContent("#more p")) === "second");
	await page.click(".news button");
	L.check("on demand it is shown", await shows(page, () => document.querySelector("#more p").textContent === "third"));
	L.check("what was written is still there", (await page.inputValue("#why")) === "because");
}
async function filter(page) {
	await page.fill(".rowfilter input", "MAIL");
	L.check("rows are filtered", await page.locator("tbody tr:visible").count() === 1);
	state.rows = [...state.rows, "mail2"];
	await page.focus("#more summary");
	await page.evaluate(() => document.querySelector("form[method=post]").reset());
	changed();
	L.check("the filter holds for what comes", await shows(page, () => [...document.querySelectorAll("tbody tr")].filter((r) => r.checkVisibility()).length === 2));
	await page.fill(".rowfilter input", "");
	L.check("and can be taken away", await page.locator("tbody tr:visible").count() === state.rows.length);
}
async function keys(page) {
	await page.focus("main");
	await page.keyboard.press("/");
	L.check("/ goes to the search", await page.evaluate(() => document.activeElement.name === "q"));
	await page.keyboard.type("g?/");
	L.check("in a field keys are letters", (await page.inputValue("input[name=q]")) === "g?/");
	await page.focus("main");
	await page.keyboard.press("?");
	L.check("? shows the keys", await page.locator("dialog[open]").count() === 1);
	const found = await L.axe(page);
	L.check("the help is accessible", found.length === 0, found);
	await page.locator("dialog input").uncheck();
	await page.keyboard.press("Escape");
	await page.keyboard.press("/");
	L.check("keys can be switched off", await page.evaluate(() => document.activeElement.name !== "q"));
	await page.click("footer button");
	await page.locator("dialog input").check();
	await page.keyboard.press("Escape");
	await page.keyboard.press("g");
	await page.keyboard.press("i");
	L.check("g i goes to the incidents", await page.waitForURL("**/incidents", { timeout: 5000 }).then(() => true, () => false));
	await page.goBack();
}
async function once(page) {
	const back = page.waitForResponse((r) => r.url().endsWith("/page") && r.request().isNavigationRequest());
	await page.evaluate(() => { const f = document.querySelector("form[method=post]"); f.requestSubmit(); f.requestSubmit(); });
	await back;
	await page.waitForLoadState();
	L.check("a form is sent once", state.sent === 1, state.sent);
}
async function main() {
	await new Promise((ok) => server.listen(0, "127.0.0.1", ok));
	const browser = await L.launch();
	const context = await L.person(browser);
	const page = await context.newPage();
	const errors = [];
	page.on("pageerror", (e) => errors.push(String(e)));
	await page.goto(`http://127.0.0.1:${server.address().port}/page`);
	L.check("times are told from now", (await page.textContent("time")) === "3 minutes ago");
	for (const f of [stays, pauses, filter, keys, once]) await f(page);
	const pause = (ms) => new Promise((ok) => setTimeout(ok, ms));
	let before = state.fetched;
	for (let i = 0; i < 40 && state.fetched === before; i++) { changed(); await pause(250); } // until the page that was loaded last listens
	await pause(2500);
	before = state.fetched;
	for (let i = 0; i < 50; i++) changed();
	await pause(2500);
	L.check("fifty changes at once are few requests", state.fetched > before && state.fetched - before <= 3, state.fetched - before);
	before = state.fetched;
	state.version++; // while no stream was there
	state.streams.forEach((r) => r.destroy());
	for (let i = 0; i < 100 && state.fetched === before; i++) await pause(100);
	L.check("what was missed is fetched when the stream is back", state.fetched > before);
	state.out = true;
	changed();
	L.check("who is logged out is told", await shows(page, () => document.querySelector(".news a[href='/login']")));
	L.check("no error, no breach of the policy", errors.length === 0, errors);
	await browser.close();
	server.closeAllConnections();
	server.close();
	process.exitCode = L.done("script");
}
main().catch((e) => { console.log(e); process.exit(1); });
