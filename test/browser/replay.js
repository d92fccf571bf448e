// replay.js: a recording replayed in the page, by keyboard and mouse, with and without script. Asked with REPLAY (JSON): {at, cookies: {name: value}, session, last: text of the last event}.
"use strict";
const L = require("./lib.js");

const asked = JSON.parse(process.env.REPLAY);

async function open(browser, more) {
	const context = await L.person(browser, more), ran = [], outside = [], errors = [];
	await context.addCookies(Object.entries(asked.cookies).map(([name, value]) => ({ name, value, url: asked.at })));
	await context.exposeFunction("__xss", (n) => ran.push(n)).catch(() => {});
	const page = await context.newPage();
	page.on("dialog", (d) => { ran.push(d.message()); d.dismiss(); });
	page.on("request", (r) => { if (!r.url().startsWith(asked.at)) outside.push(r.url()); });
	page.on("console", (m) => { if (m.type() === "error") errors.push(m.text()); });
	page.on("pageerror", (e) => errors.push(String(e)));
	await page.goto(`${asked.at}/sessions/${asked.session}`);
	return { context, page, ran, outside, errors };
}

async function quiet(what, x) {
	L.check(`${what}: nothing ran`, x.ran.length === 0, x.ran);
	L.check(`${what}: nothing was fetched elsewhere`, x.outside.length === 0, x.outside);
	L.check(`${what}: no error`, x.errors.length === 0, x.errors);
	const made = await x.page.evaluate(() => document.querySelectorAll("main :is(img, iframe, object, embed, svg, base, meta, [data-xss], pre a, pre script)").length + [...document.querySelectorAll("main *")].filter((e) => [...e.attributes].some((a) => a.name.startsWith("on") || a.name === "style")).length);
	L.check(`${what}: no element and no attribute came of it`, made === 0, made);
}

const shown = (page) => page.locator("pre.screen").evaluate((e) => e.textContent);
const until = (page, fn, arg) => page.waitForFunction(fn, arg, { timeout: 15000 }).then(() => true, () => false);

async function played(browser) {
	const x = await open(browser), { page } = x;
	const section = page.locator("section.replay"), slider = section.getByRole("slider"), max = () => slider.evaluate((e) => Number(e.max));
	L.check("the replay is there", await until(page, () => document.querySelector("section.replay pre.screen")?.textContent.includes("first")));
	L.check("it does not begin by itself", await section.getByRole("button", { name: "Play" }).isVisible() && !(await shown(page)).includes("second"));
	await section.getByRole("button", { name: "Next step" }).click();
	L.check("one step", (await shown(page)).includes("second") && !(await shown(page)).includes("third"), await shown(page));
	await page.locator("pre.screen").focus();
	await page.keyboard.press(".");
	L.check("one step by key", (await shown(page)).includes("third"), await shown(page));
	const faint = await page.evaluate(() => [...document.querySelectorAll("pre.screen span span")].filter((e) => /hidden-by-colour/.test(e.textContent)).map((e) => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor]));
	L.check("what was black on black can be read", faint.length > 0 && faint.every(([a, b]) => a !== b), faint);
	L.check("its time is told", /^\d+:\d\d \/ \d+:\d\d/.test(await slider.getAttribute("aria-valuetext")), await slider.getAttribute("aria-valuetext"));
	const short = await max();
	await section.getByLabel("Skip pauses").uncheck();
	L.check("pauses are skipped unless told otherwise", short < 60 && await max() > 3600, [short, await max()]);
	await section.getByLabel("Skip pauses").check();
	await page.locator("pre.screen").focus();
	await page.keyboard.press("ArrowLeft");
	L.check("back by key", !(await shown(page)).includes("third"), await shown(page));
	await section.getByLabel("Speed").selectOption("8");
	await page.locator("pre.screen").focus();
	await page.keyboard.press(" ");
	L.check("playing by key, and on through every piece", await until(page, (last) => document.querySelector("pre.screen").textContent.includes(last), asked.last), (await shown(page)).slice(-300));
	L.check("the end is told", await until(page, () => document.querySelector("section.replay [role=status]").textContent === "End of the recording"));
	L.check("markup is text", (await shown(page)).includes("<img src=q onerror="), (await shown(page)).slice(-600));
	const found = await L.axe(page);
	L.check("axe, with colours on the screen", found.length === 0, found);
	await slider.focus();
	await page.keyboard.press("Home");
	L.check("to the beginning with the slider", (await shown(page)).includes("first") && !(await shown(page)).includes("second"), (await shown(page)).slice(0, 200));
	await page.keyboard.press("End");
	L.check("and to the end", (await shown(page)).includes(asked.last), (await shown(page)).slice(-200));
	await quiet("replayed", x);
	await x.context.close();
}

async function plain(browser) {
	const x = await open(browser, { script: false, size: "narrow" });
	const text = await x.page.locator("main").innerText();
	L.check("without script: as text", text.includes("first") && text.includes("hidden-by-colour") && !(await x.page.locator("section.replay").isVisible()), text.slice(0, 800));
	await x.page.getByRole("link", { name: "Later lines" }).click();
	L.check("without script: the next page of it", (await x.page.locator("main pre").innerText()).includes("line "));
	await x.context.close();
}

async function main() {
	const browser = await L.launch();
	await played(browser);
	await plain(browser);
	await browser.close();
	process.exit(L.done("replay"));
}
main().catch((e) => { console.log(String(e.stack || e)); process.exit(1); });
