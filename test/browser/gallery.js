// gallery.js [FOLDER]: the pieces of web/README on pages of our own: axe, contrast, width, targets, in light and dark, wide and narrow. Pictures go into FOLDER.
"use strict";
const fs = require("fs");
const http = require("http");
const path = require("path");
const L = require("./lib.js");

const WEB = path.join(__dirname, "../../web"), GALLERY = path.join(__dirname, "gallery");
const POLICY = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'";
const pages = fs.readdirSync(GALLERY).map((f) => path.basename(f, ".html")).sort();

function frame(name) {
	const nav = pages.map((p) => `<li><a href="/${p}"${p === name ? ' aria-current="page"' : ""}>${p}</a></li>`).join("");
	return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${name}</title><link rel="stylesheet" href="/style.css"><script src="/console.js" defer></script></head>
<body><a class="skip" href="#main">Skip to content</a><header><a class="brand" href="/overview">Postern</a><form role="search" action="/search"><input type="search" name="q" aria-label="Search"><button>Search</button></form><div class="who"><span>Tjark Ahlers</span><form method="post"><button class="plain">Log out</button></form></div></header>
<nav aria-label="Main"><ul>${nav}</ul></nav><main id="main" tabindex="-1">${fs.readFileSync(path.join(GALLERY, name + ".html"), "utf8")}</main><footer><p>Institute for Coastal Systems</p><p>Postern 0.1.0</p></footer></body></html>`;
}
const server = http.createServer((q, r) => {
	const name = q.url.split("?")[0].slice(1);
	if (/^(style\.css|console\.js)$/.test(name)) r.writeHead(200, { "content-type": name.endsWith("css") ? "text/css" : "text/javascript" }).end(fs.readFileSync(path.join(WEB, name)));
	else if (pages.includes(name)) r.writeHead(200, { "content-type": "text/html; charset=utf-8", "content-security-policy": POLICY }).end(frame(name));
	else r.writeHead(404).end();
});

async function look(browser, at, name, size, scheme, folder) {
	const context = await L.person(browser, { size, scheme });
	const page = await context.newPage();
	const errors = [];
	page.on("pageerror", (e) => errors.push(String(e)));
	await page.goto(`${at}/${name}`);
	const where = `${name}, ${size}, ${scheme}`;
	const m = await page.evaluate(L.measure), s = await page.evaluate(L.structure);
	L.check(`${where}: no wider than the window`, m.width <= L.SIZES[size].width, m);
	L.check(`${where}: targets`, m.small.length === 0, m.small);
	const faint = await page.evaluate(L.edges);
	L.check(`${where}: fields are seen`, faint.length === 0, faint);
	L.check(`${where}: structure`, s.h1 === 1 && s.tables === 0 && s.inline === 0, s);
	const found = await L.axe(page);
	L.check(`${where}: axe`, found.length === 0, found);
	L.check(`${where}: no error of the script`, errors.length === 0, errors);
	if (folder) await page.screenshot({ path: path.join(folder, `${name}-${size}-${scheme}.png`), fullPage: true });
	await context.close();
}

async function main() {
	const folder = process.argv[2];
	await new Promise((ok) => server.listen(0, "127.0.0.1", ok));
	const browser = await L.launch();
	for (const name of pages) {
		const views = folder ? [["wide", "light"], ["wide", "dark"], ["narrow", "light"], ["narrow", "dark"]] : [["wide", "light"], ["narrow", "dark"]];
		for (const [size, scheme] of views) await look(browser, `http://127.0.0.1:${server.address().port}`, name, size, scheme, folder);
	}
	await browser.close();
	server.close();
	process.exitCode = L.done("gallery");
}
main().catch((e) => { console.log(e); process.exit(1); });
