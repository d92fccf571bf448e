// story.js - what console_browser.py tells; it does what a browser cannot (L.drive).
"use strict";
const L = require("./lib.js");

const asked = JSON.parse(process.env.STORY);
let browser;
const who = (name) => asked.people.find((p) => p.name === name);

async function enter(browser, name, more) {
	const context = await L.person(browser, more), page = await context.newPage();
	await L.drive("fresh");
	await L.login(page, asked.at, who(name));
	return page;
}

async function approver(browser) {
	const context = await L.person(browser), page = await context.newPage(), me = who("harms");
	const told = await L.drive("invite", { name: "harms" });
	await page.goto(asked.at + told.match(/\/invite\?word=\S+/)[0]);
	await page.getByLabel("New password", { exact: true }).fill(me.password);
	await page.getByLabel("New password, again").fill(me.password);
	await page.getByRole("button", { name: "Set your password" }).click();
	await page.waitForURL("**/account*");
	L.check("who was invited is in, and told to enrol a device", (await page.textContent("main")).includes("enrol one now"));
	me.secret = await enrol(page, me.password);
	return page;
}
async function enrol(page, password) {
	await page.goto(`${asked.at}/account`);
	await page.getByLabel("Password", { exact: true }).fill(password);
	await page.getByRole("button", { name: "Enrol a second factor" }).click();
	const secret = (await page.content()).match(/secret=([A-Z2-7]+)/)[1];
	await page.getByLabel("First code").fill(L.totp(secret, -1));
	await page.getByLabel("Next code").fill(L.totp(secret));
	await page.getByRole("button", { name: "Confirm" }).click();
	L.check("recovery codes are shown", /[A-Z2-7]{4}(-[A-Z2-7]{4}){3}/.test(await page.textContent("main")));
	return secret;
}

const main_ = (page) => page.locator("main");
const text = (page) => page.locator("main").innerText();

// ---- the employee ----------------------------------------------------------------------------------------------------------------------------------
async function report(page, words) {
	await page.getByRole("link", { name: "I was contacted" }).first().click();
	await page.getByLabel("Profile, address or number").fill("m.tadeo@talent-bridge.example");
	await page.getByLabel("For which firm").fill("Nordkap Yards");
	await page.getByRole("group", { name: "Did you open or run anything?" }).getByLabel("No", { exact: true }).check();
	await page.getByLabel("Files and saved mails").setInputFiles({ name: "Position.zip", mimeType: "application/zip", buffer: Buffer.from((await L.drive("lure")).file, "base64") });
	if (!await page.getByLabel("What happened, in your words").isVisible()) await page.getByText("More, if you have a moment").click();
	await page.getByLabel("What happened, in your words").fill(words);
	await page.getByRole("button", { name: "Send the report" }).click();
	await page.waitForURL(/\/report\/./);
	const told = await text(page);
	L.check("the employee gets an answer at once, and it is kind", told.includes("Thank you. To report this was right"), told);
	L.check("it says what the file is", /A lure|Suspicious/.test(told), told);
	L.check("and what to do", told.includes("What to do now") && told.includes("Do not open or run what was sent"), told);
}
async function reported(page, words) {
	await page.goto(`${asked.at}/reports`);
	await page.locator("main table a").first().click();
	L.check("the analyst reads what was reported", (await main_(page).textContent()).includes(words), await text(page));
}

// ---- the approver -----------------------------------------------------------------------------------------------------------------------------------
async function approve(page, grant) {
	await page.goto(`${asked.at}/`);
	await main_(page).getByRole("link", { name: /waits? for approval/ }).click();
	await main_(page).getByRole("link", { name: grant }).click();
	const told = await text(page);
	L.check("a request is told in words", ["Waits for approval", "jansen", "srv01", "deploy", "10.77.0.0/24", "Everything that the terminal shows is recorded"].every((w) => told.includes(w)), told);
	await page.getByLabel("Code of your device").fill("000000");
	await page.getByRole("button", { name: "Approve", exact: true }).click();
	L.check("a wrong code approves nothing", (await text(page)).includes("Waits for approval") && (await text(page)).includes("the code is wrong"), await text(page));
	await L.drive("fresh");
	await page.getByLabel("Code of your device").fill(L.totp(who("harms").secret));
	await page.getByRole("button", { name: "Approve", exact: true }).click();
	await page.getByText("Approved.", { exact: true }).waitFor();
}

// ---- the incident grows ------------------------------------------------------------------------------------------------------------------------------
const STAGES = [["2026-05-13T00:52:00+00:00", 1], ["2026-05-14T02:00:00+00:00", 4], ["2026-05-17T20:00:00+00:00", 5]]; // of the answer sheet; still high, not critical

async function grows(page) {
	await page.goto(`${asked.at}/incidents`);
	const before = await page.locator("tbody tr").count();
	await L.drive("logs", { until: STAGES[0][0] });
	await page.getByRole("link", { name: /Side door|Provider login/ }).first().waitFor({ timeout: 60000 });
	L.check("the incident comes to the list while one looks at it", await page.locator("tbody tr").count() > before);
	await page.getByRole("link", { name: /Side door|Provider login/ }).first().click();
	let seen = await page.locator(".stages .seen").count();
	for (const [until, least] of STAGES.slice(1)) {
		await L.drive("logs", { until });
		const grown = await page.waitForFunction((n) => document.querySelectorAll(".stages .seen").length >= n, least, { timeout: 60000 }).then(() => true, () => false);
		const now = await page.locator(".stages .seen").count();
		L.check(`its story grows in the page: ${seen} stages, then ${now}`, grown && now > seen, await text(page).then((t) => t.slice(0, 300)));
		seen = now;
	}
	L.check("the page was never loaded again", (await page.evaluate(() => performance.getEntriesByType("navigation").length)) === 1 && await page.evaluate(() => performance.now() > 500));
}
async function shut(page, watcher) {
	await watcher.goto(`${asked.at}/access`);
	await watcher.getByText("Who is in now").waitFor();
	L.check("the visit is live", await watcher.locator("#live tbody tr, section[aria-labelledby=live] tbody tr").count() === 1);
	await L.drive("logs", {});
	L.check("the incident becomes critical", await page.locator("main p .level.critical").first().waitFor({ timeout: 60000 }).then(() => true, () => false));
	L.check("the provider is shown as suspended, by itself", await watcher.locator("section[aria-labelledby=providers] .badge.bad").waitFor({ timeout: 60000 }).then(() => true, () => false), await text(watcher));
	let inside = true;
	for (let i = 0; i < 100 && inside; i++) { inside = await L.drive("is in"); await new Promise((ok) => setTimeout(ok, 100)); }
	L.check("the session ended, with every process", !inside);
	L.check("nobody of them comes in", !await L.drive("may come in"));
}
async function note(page) {
	await page.locator("summary", { hasText: "Add a note" }).click();
	await page.getByLabel("Note", { exact: true }).fill("Called Hafenlicht: they did not work that night.");
	await page.getByRole("button", { name: "Add a note" }).click();
	L.check("a note is kept", (await text(page)).includes("they did not work that night"), await text(page).then((t) => t.slice(0, 400)));
}

// ---- and is let in again --------------------------------------------------------------------------------------------------------------------------------
async function resume(page, secret, why) {
	await page.goto(`${asked.at}/access/providers/hafenlicht`);
	const told = await text(page);
	L.check("the provider's page says why it is shut", told.includes("Suspended because: incident 2026"), told.slice(0, 600));
	await page.getByLabel("Reason (it is kept)").fill(why);
	await L.drive("fresh");
	await page.getByLabel("Code of your device").fill(L.totp(secret));
	await page.getByRole("button", { name: "Resume" }).click();
	await page.getByText("Resumed.", { exact: true }).waitFor();
	L.check("who was approved comes in again", await L.drive("may come in"));
}
async function replay(page, script) {
	await page.goto(`${asked.at}/sessions`);
	await page.locator("tbody tr", { hasText: "Shell" }).last().getByRole("link").first().click();
	L.check("the recording is what was recorded", (await page.locator(".said.good").count()) > 0, await text(page).then((t) => t.slice(0, 700)));
	L.check("what was shown can be read", (await page.locator("pre.evidence").innerText()).includes("42 packages can be upgraded"));
	if (!script) return;
	await page.getByRole("button", { name: "Play" }).click();
	L.check("and is replayed in the page", await page.waitForFunction(() => document.querySelector(".replay pre, .replay [role=img], .replay .screen").textContent.includes("42 packages"), undefined, { timeout: 20000 }).then(() => true, () => false));
}

// ---- once more without script, and by keyboard alone ------------------------------------------------------------------------------------------------------
async function plain() {
	const analyst = await enter(browser, "moeller", { script: false }), admin = await enter(browser, "ahlers", { script: false }), harms = await enter(browser, "harms", { script: false });
	const employee = await enter(browser, "vossberg", { script: false });
	await report(employee, "second report, without script");
	await reported(analyst, "second report, without script");
	const grant = await L.drive("request");
	await approve(harms, grant);
	await analyst.goto(`${asked.at}/access/providers/hafenlicht`);
	const form = analyst.locator("form[action^='/access/suspend']");
	await form.getByLabel("Reason (it is kept)").fill("by hand");
	await form.getByRole("button", { name: "Suspend" }).click();
	L.check("suspended by hand, without script", !await L.drive("may come in"));
	await L.drive("fresh");
	await admin.goto(`${asked.at}/access/providers/hafenlicht`);
	await admin.getByLabel("Reason (it is kept)").fill("looked at it");
	await admin.getByLabel("Code of your device").fill(L.totp(who("ahlers").secret));
	await admin.getByRole("button", { name: "Resume" }).click();
	L.check("resumed without script", await L.drive("may come in"), await text(admin));
	await replay(analyst, false);
	for (const p of [analyst, admin, harms, employee]) await p.context().close();
}
// Tab until something is focused that fits; every stop has to be visible.
async function tab(page, fits, most = 60) {
	for (let i = 0; i < most; i++) {
		await page.keyboard.press("Tab");
		const at = await page.evaluate(() => {
			const e = document.activeElement, r = e.getBoundingClientRect(), s = getComputedStyle(e);
			const label = e.labels && e.labels[0] ? e.labels[0].textContent : e.getAttribute("aria-label") || e.textContent || "";
			return { label: label.trim(), seen: r.width > 0 && r.bottom > 0 && r.top < innerHeight, ring: s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2, tag: e.tagName };
		});
		L.check(`keyboard: "${at.label.slice(0, 40)}" is seen, and has the focus visibly`, at.tag === "BODY" || (at.seen && at.ring), at);
		if (fits(at)) return true;
	}
	return L.check("keyboard: reached", false, String(fits));
}
async function keyboard() {
	const context = await L.person(browser, { script: false }), page = await context.newPage(), me = who("harms");
	await L.drive("fresh");
	await page.goto(`${asked.at}/login`);
	for (const [label, value] of [["User name", me.name], ["Password", me.password], ["Code of your device", L.totp(me.secret)]]) {
		await tab(page, (at) => at.label === label);
		await page.keyboard.type(value);
	}
	await page.keyboard.press("Enter");
	await page.waitForURL((u) => u.pathname === "/");
	await page.keyboard.press("Tab");
	await page.keyboard.press("Enter");
	L.check("keyboard: the first stop leads past the navigation", page.url().endsWith("#main"), page.url());
	const grant = await L.drive("request");
	await page.goto(`${asked.at}/access`);
	await tab(page, (at) => at.label === grant);
	await page.keyboard.press("Enter");
	await page.waitForURL(/grants/);
	await L.drive("fresh");
	await tab(page, (at) => at.label.startsWith("Code of your device"));
	await page.keyboard.type(L.totp(me.secret));
	await page.keyboard.press("Enter");
	L.check("keyboard: approved", await page.getByText("Approved.", { exact: true }).waitFor({ timeout: 10000 }).then(() => true, () => false), await text(page));
	await context.close();
}

async function main() {
	browser = await L.launch();
	const harms = await approver(browser);
	const ahlers = await enter(browser, "ahlers"), moeller = await enter(browser, "moeller"), vossberg = await enter(browser, "vossberg");
	who("ahlers").secret = await enrol(ahlers, who("ahlers").password);
	await report(vossberg, "She was very friendly and praised my paper.");
	await reported(moeller, "She was very friendly and praised my paper.");
	const grant = await L.drive("request");
	L.check("not approved: no login", !await L.drive("may come in"));
	await approve(harms, grant);
	L.check("approved: the provider is in", await L.drive("come in"));
	await grows(moeller);
	const watcher = await moeller.context().newPage();
	await shut(moeller, watcher);
	await note(moeller);
	await resume(ahlers, who("ahlers").secret, "new keys, by telephone with Mr Jansen's firm");
	await replay(watcher, true);
	await plain();
	await keyboard();
	await browser.close();
	process.exit(L.done("story"));
}
async function failed(e) {
	console.log(e);
	for (const c of browser ? browser.contexts() : []) {
		for (const p of c.pages()) console.log(`${p.url()}: ${(await p.locator("main").innerText({ timeout: 1000 }).catch(() => "")).slice(0, 600)}`);
	}
	process.exit(1);
}
main().catch(failed);
