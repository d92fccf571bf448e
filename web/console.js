// What is more comfortable with a script: pages that stay true while one looks at them, keys, filters of tables, "3 minutes ago".
// Nothing needs it. It writes no HTML: texts go in as text, and a page fetched again is taken over node by node.
"use strict";
(() => {
	const TEXTS = {
		en: { updated: "The page was updated.", news: "Something changed.", show: "Show it", gone: "You are logged out.", login: "Log in", filter: "Filter rows", rows: "rows shown",
			keys: "Keys", search: "Search", help: "This help", use: "Use keys on this device", close: "Close" },
		de: { updated: "Die Seite wurde aktualisiert.", news: "Es gibt Neues.", show: "Anzeigen", gone: "Sie sind abgemeldet.", login: "Anmelden", filter: "Zeilen filtern", rows: "Zeilen gezeigt",
			keys: "Tasten", search: "Suchen", help: "Diese Hilfe", use: "Tasten auf diesem Gerät verwenden", close: "Schließen" },
		ko: { updated: "페이지가 갱신되었습니다.", news: "변경된 내용이 있습니다.", show: "보기", gone: "로그아웃되었습니다.", login: "로그인", filter: "행 걸러내기", rows: "행 표시",
			keys: "단축키", search: "검색", help: "이 도움말", use: "이 기기에서 단축키 사용", close: "닫기" },
	};
	const language = (document.documentElement.lang || "en").slice(0, 2);
	const t = TEXTS[language] || TEXTS.en;

	function make(name, attributes, ...children) {
		const e = document.createElement(name);
		for (const [k, v] of Object.entries(attributes || {})) {
			if (v !== false) e.setAttribute(k, v === true ? "" : v);
		}
		e.append(...children);
		return e;
	}
	function button(text, then, kind) {
		const b = make("button", { type: "button", class: kind || false }, text);
		b.addEventListener("click", then);
		return b;
	}

	// ---- said quietly to who does not see the page ------------------------------------------------------------------------------------
	const status = make("p", { class: "unseen", role: "status" });
	document.body.append(status);
	const announce = (text) => { status.textContent = text; };

	// ---- "3 minutes ago" ----------------------------------------------------------------------------------------------------------------
	const UNITS = [["year", 31557600], ["month", 2629800], ["day", 86400], ["hour", 3600], ["minute", 60]];
	const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
	function ago(seconds) {
		for (const [unit, length] of UNITS) {
			if (Math.abs(seconds) >= length) return relative.format(Math.trunc(seconds / length), unit);
		}
		return relative.format(0, "second");
	}
	function times() {
		for (const e of document.querySelectorAll("time[data-ago]")) {
			const at = Date.parse(e.dateTime);
			if (Number.isNaN(at)) continue;
			if (!e.title) e.title = e.textContent;
			e.textContent = ago((at - Date.now()) / 1000);
		}
	}

	// ---- a page fetched again is taken over where it differs: focus, scroll, open details and what was typed stay ------------------------
	const OWN = { open: ["DETAILS", "DIALOG"], value: ["INPUT"], checked: ["INPUT"], selected: ["OPTION"] };
	const keeps = (e, name) => OWN[name] && OWN[name].includes(e.nodeName) && e.type !== "hidden";
	const key = (n) => (n.nodeType === 1 ? n.id || n.dataset.key || "" : "");
	const ours = (n) => n.nodeType === 1 && n.hasAttribute("data-script");
	let touched = 0;

	function attributes(old, now) {
		for (const a of [...old.attributes]) {
			if (!now.hasAttribute(a.name) && !keeps(old, a.name) && a.name !== "hidden" && a.name !== "title") old.removeAttribute(a.name);
		}
		for (const a of now.attributes) {
			if (old.getAttribute(a.name) !== a.value && !keeps(old, a.name)) old.setAttribute(a.name, a.value);
		}
	}
	function same(a, b) {
		return a.nodeType === b.nodeType && a.nodeName === b.nodeName && key(a) === key(b);
	}
	function morph(old, now) {
		if (old.nodeType !== 1) {
			if (old.data !== now.data) { old.data = now.data; touched++; }
			return;
		}
		if (old.isEqualNode(now) || ours(old)) return;
		if (old.matches("time[data-ago]") && old.dateTime === now.dateTime) return;
		attributes(old, now);
		children(old, now);
	}
	function children(old, now) {
		const keyed = new Map();
		const wanted = new Set([...now.childNodes].map(key));
		for (const c of [...old.childNodes]) {
			if (!key(c)) continue;
			if (wanted.has(key(c))) keyed.set(key(c), c);
			else { c.remove(); touched++; } // before others are moved around it: what moves loses the focus
		}
		let at = old.firstChild;
		for (const n of now.childNodes) {
			while (at && ours(at)) at = at.nextSibling;
			const k = key(n);
			const known = k ? keyed.get(k) : at && same(at, n) ? at : null;
			if (known && known.nodeName === n.nodeName) {
				if (known === at) at = at.nextSibling;
				else old.insertBefore(known, at);
				keyed.delete(k);
				morph(known, n);
			} else {
				const added = old.insertBefore(document.importNode(n, true), at);
				if (added.nodeType === 1) { added.classList.add("fresh"); touched++; }
			}
		}
		while (at) {
			const next = at.nextSibling;
			if (!ours(at)) { at.remove(); touched++; }
			at = next;
		}
	}

	// ---- live: /events says that something changed ------------------------------------------------------------------------------------------
	const main = document.querySelector("main");
	let due = false, fetching = false, last = 0, timer = 0, source = null, version = "", box = null;
	const dirty = new Set();

	function busy() {
		const a = document.activeElement;
		const typing = a && main.contains(a) && a.matches("input:not([type=checkbox], [type=radio]), textarea, select") && !a.closest("[data-script]");
		return typing || [...dirty].some((f) => f.isConnected) || main.querySelector("[data-playing]") !== null || document.querySelector("dialog[open]") !== null;
	}
	function news(text, then) {
		if (box) box.remove();
		box = text ? make("div", { class: "news", "data-script": true }, make("span", {}, text), then) : null;
		if (box) { document.body.append(box); announce(text); }
	}
	function loggedOut() {
		source.close();
		due = false;
		news(t.gone, make("a", { href: "/login" }, t.login));
	}
	function take(page) {
		const now = page && page.querySelector("main");
		if (!now) return;
		touched = 0;
		const focused = document.activeElement;
		children(main, now);
		if (focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true });
		for (const n of [["title"], ["body > nav"]]) {
			const a = document.querySelector(n[0]), b = page.querySelector(n[0]);
			if (a && b) morph(a, b);
		}
		times();
		filters();
		if (touched > 0) announce(t.updated);
	}
	function refresh() {
		timer = 0;
		if (fetching || document.hidden) return;
		due = false;
		fetching = true;
		last = Date.now();
		const x = new XMLHttpRequest();
		x.open("GET", location.pathname + location.search);
		x.responseType = "document";
		x.setRequestHeader("X-Postern-Live", "1");
		x.onloadend = () => {
			fetching = false;
			if (x.status === 401 || (x.responseURL && new URL(x.responseURL).pathname !== location.pathname)) loggedOut();
			else if (x.status === 200) take(x.response);
			if (due) changed();
		};
		x.send();
	}
	// at most every two seconds; not while somebody fills in a form on what would be replaced
	function changed() {
		due = true;
		if (document.hidden || fetching || timer) return;
		if (busy()) {
			if (!box) news(t.news, button(t.show, () => { news(""); refresh(); }));
			return;
		}
		news("");
		timer = setTimeout(refresh, Math.max(150, last + 2000 - Date.now()));
	}
	// the first thing a stream says is the version; another one than before: something was missed
	function listen() {
		if (source) source.close();
		source = new EventSource("/events");
		source.addEventListener("version", (e) => { if (version !== "" && version !== e.data) changed(); version = e.data; });
		source.addEventListener("changed", (e) => { version = e.data; changed(); });
	}
	function seen() {
		if (document.hidden) source.close(); // a session has few streams: those who look get them
		else { listen(); if (due) changed(); }
	}
	function live() {
		if (!main || !main.hasAttribute("data-live") || !window.EventSource) return;
		main.addEventListener("input", (e) => { if (e.target.form && e.target.form.method === "post") dirty.add(e.target.form); });
		main.addEventListener("reset", (e) => dirty.delete(e.target));
		main.addEventListener("focusout", () => setTimeout(() => { if (due && !busy()) changed(); }, 300));
		document.addEventListener("visibilitychange", seen);
		window.addEventListener("pagehide", () => source.close());
		window.addEventListener("pageshow", (e) => { if (e.persisted) { due = true; seen(); } });
		listen();
	}

	// ---- filters of tables ---------------------------------------------------------------------------------------------------------------------
	const fold = (s) => s.normalize("NFKD").toLocaleLowerCase(language);
	function apply(table, wanted) {
		let shown = 0;
		for (const row of table.tBodies[0] ? table.tBodies[0].rows : []) {
			row.hidden = wanted !== "" && !fold(row.textContent).includes(wanted);
			if (!row.hidden) shown++;
		}
		return shown;
	}
	function filters() {
		for (const table of document.querySelectorAll("table[data-filter]")) {
			const around = table.closest(".scroll") || table;
			let field = around.previousElementSibling;
			if (!field || !field.matches(".rowfilter")) {
				if (!table.tBodies[0] || table.tBodies[0].rows.length < 8) continue;
				const input = make("input", { type: "search", autocomplete: "off" });
				field = make("p", { class: "rowfilter", "data-script": true }, make("label", {}, t.filter, " ", input));
				input.addEventListener("input", () => announce(`${apply(table, fold(input.value))} ${t.rows}`));
				around.before(field);
			}
			apply(table, fold(field.querySelector("input").value));
		}
	}

	// ---- keys: "/" search, "g" and a letter, "?" help; they can be switched off (WCAG 2.1.4) -----------------------------------------------------
	const OFF = "postern-keys-off";
	const off = () => { try { return localStorage.getItem(OFF) === "1"; } catch { return false; } };
	const places = new Map();
	let waiting = 0;

	function collect() {
		for (const a of document.querySelectorAll("body > nav a[href^='/']")) {
			const name = new URL(a.href).pathname.slice(1) || "overview";
			const letter = [...name].find((c) => /[a-z]/.test(c) && !places.has(c));
			if (letter) places.set(letter, a);
		}
	}
	function help() {
		const rows = [["/", t.search], ["?", t.help], ...[...places].map(([c, a]) => [`g ${c}`, a.textContent.trim()])];
		const list = make("dl", {});
		for (const [k, what] of rows) list.append(make("dt", {}, make("kbd", {}, k)), make("dd", {}, what));
		const use = make("input", { type: "checkbox" });
		use.checked = !off();
		use.addEventListener("change", () => { try { localStorage.setItem(OFF, use.checked ? "0" : "1"); } catch { /* nothing is kept */ } });
		const d = make("dialog", { "aria-labelledby": "keys-title", "data-script": true }, make("h2", { id: "keys-title" }, t.keys), list, make("p", {}, make("label", {}, use, t.use)));
		d.append(make("p", { class: "actions" }, button(t.close, () => d.close(), "main")));
		d.addEventListener("close", () => d.remove());
		document.body.append(d);
		d.showModal();
	}
	function pressed(e) {
		if (e.ctrlKey || e.altKey || e.metaKey || e.isComposing || e.target.closest("input, textarea, select, dialog, [contenteditable]")) return;
		if (waiting && Date.now() - waiting < 1500 && places.has(e.key)) {
			waiting = 0;
			e.preventDefault();
			if (!off()) places.get(e.key).click();
			return;
		}
		waiting = e.key === "g" ? Date.now() : 0;
		if (off()) return;
		if (e.key === "/") {
			const field = document.querySelector("form[role=search] input[type=search], form[role=search] input[name=q]");
			if (field) { e.preventDefault(); field.focus(); field.select(); }
		} else if (e.key === "?" && !document.querySelector("dialog[open]")) {
			e.preventDefault();
			help();
		}
	}
	function footer() {
		const foot = document.querySelector("body > footer");
		if (foot && places.size > 0) foot.append(button(t.keys, help, "plain"));
	}

	// ---- a form is sent once -------------------------------------------------------------------------------------------------------------------------
	document.addEventListener("submit", (e) => {
		const f = e.target, now = Date.now();
		if (f.method === "post" && now - Number(f.dataset.sent || 0) < 3000) e.preventDefault();
		else f.dataset.sent = String(now);
	});
	window.addEventListener("pageshow", () => { for (const f of document.forms) delete f.dataset.sent; });

	collect();
	footer();
	times();
	setInterval(times, 30000);
	filters();
	live();
	document.addEventListener("keydown", pressed);
})();
