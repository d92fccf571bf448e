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

async function main() {
	browser = await L.launch();
	await approver(browser);
	const page = await enter(browser, "harms");
	L.check("in again with the device", (await page.textContent("h1")) === "Overview");
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
